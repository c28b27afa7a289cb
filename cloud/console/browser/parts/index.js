// What both pages draw with: ages that tick, plates, bars, lanes, the header.
import { computed, reactive, ref, watch } from "vue";

export const clock = reactive({ now: Date.now(), connected: true });
let offset = 0;
const FRESH = 6000;

export function follow(serverNow) {
  offset = serverNow - Date.now();
  clock.now = serverNow;
}

setInterval(() => {
  clock.now = Date.now() + offset;
  clock.connected = !window.socket || window.socket.connected;
}, 1000);

export function age(at) {
  const seconds = Math.max(0, Math.floor((clock.now - at) / 1000));
  if (seconds < 3) return "now";
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${String(minutes % 60).padStart(2, "0")}`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

// A lot that says nothing is offline from then on, though nobody tells us so.
export const isOnline = (lot, silentAfter) => lot.online && lot.contact !== null && clock.now - lot.contact < silentAfter;

export const percent = (free, total) => (total ? Math.round((100 * (total - free)) / total) : 0);

export function fullness(free, total) {
  const taken = percent(free, total);
  return !total ? "none" : free === 0 ? "full" : taken >= 85 ? "tight" : "easy";
}

export const Age = {
  // `quiet`: nothing at all while it is but a moment ago.
  props: { at: Number, title: String, suffix: { type: String, default: "" }, quiet: Boolean },
  setup: (props) => ({
    text: computed(() => {
      const text = age(props.at);
      return text === "now" ? (props.quiet ? "" : text) : text + props.suffix;
    }),
  }),
  template: `<span class="pg-age" :title="title">{{ text }}</span>`,
};

export const Plate = {
  props: { text: String },
  template: `<span class="pg-plate" :class="{'pg-plate-none': !text}">{{ text || "no plate" }}</span>`,
};

export const Bar = {
  props: { free: Number, total: Number, label: String, thick: Boolean },
  setup: (props) => ({
    taken: computed(() => percent(props.free, props.total)),
    tone: computed(() => fullness(props.free, props.total)),
  }),
  template: `<div class="pg-bar" :class="['pg-' + tone, {'pg-bar-thick': thick}]" role="meter" aria-valuemin="0"
    :aria-valuemax="total" :aria-valuenow="total - free" :aria-label="label + ': ' + free + ' of ' + total + ' free'"
    ><i :style="{width: taken + '%'}"></i></div>`,
};

const paths = {
  in: "M12 4v13m0 0-5-5m5 5 5-5M5 21h14",
  out: "M12 20V7m0 0-5 5m5-5 5 5M5 3h14",
  back: "M9 6 4 11l5 5M4 11h10a5 5 0 0 1 5 5v3",
  refused: "M6 6l12 12M18 6 6 18",
  fault: "M12 4 2.500 20h19L12 4zm0 6v5m0 2.500v.1",
  cleared: "m5 13 4.500 4.500L19 7",
  money: "M3 7h18v11H3zM12 10a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5zM6.500 10.500v.1m11 4v.1",
  debt: "M3 7h18v11H3zM9 10l6 5m0-5-6 5",
  note: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zm0 8v5m0-8.500v.1",
  search: "M10.500 4a6.500 6.500 0 1 0 0 13 6.500 6.500 0 0 0 0-13zM15.500 15.500 21 21",
  left: "M15 5l-7 7 7 7",
  leave: "M10 4H5v16h5M15 8l4 4-4 4M19 12H9",
};

export const Sign = {
  props: { name: String },
  setup: (props) => ({ d: computed(() => paths[props.name] || paths.note) }),
  template: `<svg class="pg-sign" :class="'pg-sign-' + name" viewBox="0 0 24 24" aria-hidden="true"><path :d="d"/></svg>`,
};

export const LinkState = {
  components: { Age },
  props: { lot: Object, online: Boolean },
  template: `<span class="pg-link" :class="online ? 'pg-on' : 'pg-off'"
    :title="online ? 'Last sign of life' : 'No sign of life'"><i></i>{{ online ? "Online" : "Offline" }}
    <Age v-if="lot.contact" :at="lot.contact" quiet/><span v-else class="pg-age">never heard</span></span>`,
};

export const Alarms = {
  components: { Age, Sign },
  props: { alarms: Array, count: Number },
  template: `<ul class="pg-alarms" v-if="count" aria-label="Alarms">
    <li v-for="(each, n) in alarms" :key="n"><Sign name="fault"/><span class="pg-grow"><b>{{ each.said }}</b>
      <span class="pg-muted pg-after">{{ [each.source, each.detail, each.times > 1 && each.times + " times"].filter(Boolean).join(" · ") }}</span></span>
      <Age :at="each.since"/></li>
    <li v-if="count > alarms.length" class="pg-more">and {{ count - alarms.length }} more</li></ul>`,
};

export const Lanes = {
  components: { Age, Plate, Sign },
  props: { lanes: Array, online: Boolean },
  setup: () => ({ fresh: (at) => at !== null && clock.now - at < FRESH }),
  template: `<ul class="pg-lanes" aria-label="Lanes">
    <li v-for="each in lanes" :key="each.name" :class="{'pg-fresh': fresh(each.at)}">
      <span class="pg-way" :class="each.entry ? 'pg-in' : 'pg-out'" :title="each.entry ? 'Entry' : 'Exit'"
        ><Sign :name="each.entry ? 'in' : 'out'"/></span>
      <span class="pg-lane-name"><b>{{ each.name }}</b>
        <span class="pg-phase" :class="{'pg-busy': online && each.busy}" v-if="online && each.phase"
          >{{ each.phase }}<template v-if="each.arm"> · {{ each.arm }}</template></span>
        <span class="pg-phase" v-else>State unknown</span>
        <span class="pg-phase pg-bad-text" v-for="fault in each.faults" :key="fault">{{ fault }}</span></span>
      <span class="pg-last"><Plate v-if="each.at" :text="each.plate"/>
        <span class="pg-said"><span :class="'pg-tone-' + each.tone">{{ each.said }}</span>
          <span v-if="each.spot" class="pg-muted pg-after">{{ each.entry ? "to" : "from" }} {{ each.spot }}</span>
          <span v-if="each.why" class="pg-muted pg-after">{{ each.why }}</span></span></span>
      <Age v-if="each.at" :at="each.at" :title="each.time"/><span v-else class="pg-age"></span>
    </li>
    <li v-if="!lanes.length" class="pg-muted pg-none">This lot hasn't told of its lanes yet.</li></ul>`,
};

// A socket that is refused says nothing of the session: ask, and let the sign-in page come when it has ended.
async function askSession(address) {
  try {
    if ((await fetch(address)).status === 401) window.location.reload();
  } catch {
    // still no connection
  }
}

const ASK_EVERY = 5;

export const Header = {
  components: { Age, Sign },
  props: { shell: Object, current: Boolean },
  setup: (props) => {
    const state = computed(() => (!clock.connected ? "away" : props.current ? "live" : "behind"));
    const since = ref(clock.now);
    watch(state, () => { since.value = clock.now; });
    let seconds = 0;
    watch(() => clock.now, () => {
      seconds = clock.connected ? 0 : seconds + 1;
      if (seconds && seconds % ASK_EVERY === 0) askSession(props.shell.session);
    });
    return {
      state,
      since,
      said: { live: "Live", away: "Reconnecting", behind: "Database away" },
      means: {
        away: "No connection to the cloud. This page tries again by itself; what it shows was true until",
        behind: "The cloud can't reach its database. The lots work on; what this page shows was true until",
      },
    };
  },
  template: `<header class="pg-top">
    <a class="pg-brand" :href="shell.home"><svg viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="8" fill="#1f6feb"/>
      <path d="M9 25V8.500h7.200a5.400 5.400 0 0 1 0 10.800H9" fill="none" stroke="#fff" stroke-width="3.400" stroke-linejoin="round"/>
      <path d="M13.500 25 28 20.600" stroke="#ffd33d" stroke-width="2.800" stroke-linecap="round"/></svg><span>Parkgate</span></a>
    <span class="pg-tenant">{{ shell.tenant }}</span>
    <slot></slot>
    <span class="pg-grow"></span>
    <span class="pg-live" :class="'pg-' + state" role="status"><i></i>{{ said[state] }}</span>
    <span class="pg-key" :title="shell.plates ? 'Plates are shown in clear' : 'This key may not read plates'">{{ shell.key }}<template v-if="!shell.plates"> · plates masked</template></span>
    <form method="post" :action="shell.signOut"><button type="submit" class="pg-plain"><Sign name="leave"/>Sign out</button></form>
  </header>
  <p v-if="state !== 'live'" class="pg-stale" role="alert">{{ means[state] }} <Age :at="since" :suffix="' ago'"/>.</p>`,
};

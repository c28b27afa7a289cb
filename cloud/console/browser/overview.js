// All lots: figures over the whole, a card or a row for each lot, those that need a person first.
import { Age, Alarms, Bar, Header, LinkState, Lanes, Sign, follow, fullness, isOnline, percent } from "parkgate-parts";

const CARDS = 24;
const ROWS = 50;

export default {
  components: { Age, Alarms, Bar, PgHeader: Header, LinkState, Lanes, Sign },
  props: { shell: Object, lots: Array, totals: Object },
  data() {
    return { known: {}, sums: {}, current: this.shell.current, loading: this.shell.loading, search: "", show: "all", page: 0 };
  },
  created() {
    follow(this.shell.now);
    this.news({ lots: this.lots, everything: !this.loading, current: this.current, totals: this.totals });
  },
  watch: {
    search() { this.page = 0; },
    show() { this.page = 0; },
  },
  computed: {
    all() {
      return Object.values(this.known)
        .map((lot) => ({ lot, online: isOnline(lot, this.shell.silentAfter) }))
        .sort((a, b) => this.urgency(b) - this.urgency(a) || a.lot.name.localeCompare(b.lot.name) || (a.lot.id < b.lot.id ? -1 : 1));
    },
    alarmed() { return this.all.filter((each) => each.lot.alarmCount || each.lot.parked); },
    offline() { return this.all.filter((each) => !each.online); },
    found() {
      const wanted = this.search.trim().toLowerCase();
      const from = { all: this.all, alarms: this.alarmed, offline: this.offline }[this.show];
      return wanted ? from.filter(({ lot }) => `${lot.name} ${lot.address}`.toLowerCase().includes(wanted)) : from;
    },
    asRows() { return this.all.length > CARDS; },
    pages() { return Math.max(1, Math.ceil(this.found.length / ROWS)); },
    shown() { return this.asRows ? this.found.slice(this.page * ROWS, (this.page + 1) * ROWS) : this.found; },
    filters() {
      return [
        { id: "all", name: "All", count: this.all.length },
        { id: "alarms", name: "Alarms", count: this.alarmed.length },
        { id: "offline", name: "Offline", count: this.offline.length },
      ];
    },
  },
  methods: {
    news(news) {
      if (news.everything) {
        this.known = {};
        this.loading = false;
      }
      for (const lot of news.lots) this.known[lot.id] = lot;
      this.current = news.current;
      this.sums = news.totals;
    },
    urgency({ lot, online }) { return lot.attention + (lot.online && !online ? 500 : 0); },
    latest(lot) { return lot.lanes.filter((each) => each.at).sort((a, b) => b.at - a.at).slice(0, 1); },
    fullness, percent,
  },
  template: `<div class="pg">
  <pg-header :shell="shell" :current="current"></pg-header>
  <main class="pg-main">
    <section class="pg-figures" aria-label="All lots together">
      <div class="pg-figure"><h2>Free spots</h2><p><b>{{ sums.free }}</b><span class="pg-of">of {{ sums.total }}</span></p>
        <Bar :free="sums.free" :total="sums.total" label="All lots"/></div>
      <div class="pg-figure"><h2>Vehicles inside</h2><p><b>{{ sums.inside }}</b></p>
        <small>{{ percent(sums.free, sums.total) }} % of spots taken</small></div>
      <div class="pg-figure"><h2>Taken today</h2><p v-if="!sums.takings.length"><b>0</b></p>
        <p v-for="each in sums.takings.slice(0, 2)" :key="each"><b>{{ each.split(" ")[0] }}</b><span class="pg-of">{{ each.split(" ")[1] }}</span></p>
        <small v-if="sums.takings.length < 2">since midnight at each lot</small></div>
      <div class="pg-figure" :class="{'pg-figure-warn': offline.length}"><h2>Lots online</h2>
        <p><b>{{ all.length - offline.length }}</b><span class="pg-of">of {{ all.length }}</span></p>
        <small>{{ offline.length ? offline.length + " not heard from" : "all are heard from" }}</small></div>
      <div class="pg-figure" :class="{'pg-figure-bad': sums.alarms}"><h2>Alarms</h2><p><b>{{ sums.alarms }}</b></p>
        <small>{{ sums.alarms ? "in " + alarmed.length + (alarmed.length === 1 ? " lot" : " lots") : "nothing needs a person" }}</small></div>
    </section>

    <div class="pg-tools">
      <h1>Lots</h1>
      <div class="pg-filters" role="group" aria-label="Which lots">
        <button v-for="each in filters" :key="each.id" type="button" :aria-pressed="show === each.id" @click="show = each.id"
          >{{ each.name }} <span>{{ each.count }}</span></button></div>
      <span class="pg-grow"></span>
      <label class="pg-search"><Sign name="search"/><span class="pg-hidden">Search lots</span>
        <input type="search" v-model="search" placeholder="Name or address"></label>
    </div>

    <section v-if="loading" class="pg-empty" aria-busy="true"><h2>Reading the lots</h2><p>This page fills by itself.</p></section>
    <section v-else-if="!all.length" class="pg-empty"><h2>No lots yet</h2>
      <p>Enrol one with <code>parkgate-cloud lots add --name "North garage"</code> and put the id that it prints into the lot's
      configuration. The lot appears here with its first word; this page needs no reload.</p></section>
    <section v-else-if="!found.length" class="pg-empty"><h2>Nothing to show</h2>
      <p v-if="search">No lot matches “{{ search }}”.</p>
      <p v-else>{{ show === "offline" ? "Every lot is online." : "No lot has an alarm." }}</p></section>

    <section v-else-if="!asRows" class="pg-cards">
      <article v-for="{lot, online} in shown" :key="lot.id" class="pg-card" :data-lot="lot.id"
        :class="{'pg-card-bad': lot.alarmCount, 'pg-card-off': !online}">
        <div class="pg-card-head"><div class="pg-grow"><h2><a :href="shell.lots + lot.id">{{ lot.name }}</a></h2>
          <p class="pg-muted">{{ lot.address || "No address yet" }}</p></div><LinkState :lot="lot" :online="online"/></div>
        <Alarms :alarms="lot.alarms" :count="lot.alarmCount"/>
        <div class="pg-room"><p class="pg-free" :class="'pg-text-' + fullness(lot.free, lot.total)"><b>{{ lot.free }}</b> free
          <span class="pg-of">of {{ lot.total }}</span></p>
          <span class="pg-muted">{{ lot.inside }} inside</span></div>
        <Bar thick :free="lot.free" :total="lot.total" :label="lot.name"/>
        <dl class="pg-types" v-if="lot.types.length"><div v-for="each in lot.types" :key="each.type"><dt>{{ each.name }}</dt>
          <dd><b>{{ each.free }}</b>/{{ each.total }}</dd><Bar :free="each.free" :total="each.total" :label="each.name"/></div></dl>
        <ul class="pg-levels" v-if="lot.levels.length" aria-label="Levels"><li v-for="each in lot.levels" :key="each.floor">
          <span>{{ each.name }}</span><b :class="'pg-text-' + fullness(each.free, each.total)">{{ each.free }}</b>/{{ each.total }}</li></ul>
        <Lanes :lanes="lot.lanes" :online="online"/>
        <div class="pg-foot"><span>Taken today <b>{{ lot.takings.join(" + ") || "nothing" }}</b></span>
          <span v-if="lot.backlog" class="pg-chip">{{ lot.backlog }} facts on their way</span>
          <span v-if="lot.parked" class="pg-chip pg-chip-bad">{{ lot.parked }} parked</span></div>
      </article>
    </section>

    <section v-else class="pg-panel pg-scroll">
      <table class="pg-table"><thead><tr><th>Lot</th><th>Link</th><th class="pg-num">Free</th><th class="pg-wide">Occupancy</th>
        <th class="pg-num">Inside</th><th>Last vehicle</th><th class="pg-num">Taken today</th><th>Alarms</th></tr></thead>
      <tbody><tr v-for="{lot, online} in shown" :key="lot.id" :data-lot="lot.id">
        <td><a :href="shell.lots + lot.id">{{ lot.name }}</a><div class="pg-muted">{{ lot.address }}</div></td>
        <td><LinkState :lot="lot" :online="online"/></td>
        <td class="pg-num"><b :class="'pg-text-' + fullness(lot.free, lot.total)">{{ lot.free }}</b> / {{ lot.total }}</td>
        <td><Bar :free="lot.free" :total="lot.total" :label="lot.name"/></td>
        <td class="pg-num">{{ lot.inside }}</td>
        <td><template v-for="each in latest(lot)" :key="each.name">{{ each.said }} <Age :at="each.at" suffix=" ago"/></template></td>
        <td class="pg-num">{{ lot.takings.join(" + ") }}</td>
        <td><span v-if="lot.alarmCount" class="pg-chip pg-chip-bad">{{ lot.alarmCount }}</span></td></tr></tbody></table>
      <nav v-if="pages > 1" class="pg-pages" aria-label="Pages"><button type="button" :disabled="!page" @click="page--">Previous</button>
        <span>{{ page + 1 }} of {{ pages }}</span><button type="button" :disabled="page + 1 >= pages" @click="page++">Next</button></nav>
    </section>
  </main></div>`,
};

// One lot: its levels and spots as a picture, its lanes, what happens, and who is inside.
import { Age, Alarms, Bar, Header, LinkState, Lanes, Plate, Sign, age, follow, fullness, isOnline } from "parkgate-parts";

const STATUS = { AVAILABLE: "free", OCCUPIED: "taken", RESERVED: "reserved", MAINTENANCE: "out of use" };
const LETTER = { MOTORCYCLE: "M", COMPACT: "C", LARGE: "L", HANDICAP: "A", EV: "E" };

export default {
  components: { Age, Alarms, Bar, PgHeader: Header, LinkState, Lanes, Plate, Sign },
  props: { shell: Object, lot: Object },
  emits: ["bill"],
  data() {
    return { ...{ card: null, plan: [], tickets: [], feed: [], bill: null }, ...this.lot, current: this.shell.current, search: "" };
  },
  created() { follow(this.shell.now); },
  computed: {
    online() { return isOnline(this.card, this.shell.silentAfter); },
    found() {
      const wanted = this.search.trim().toLowerCase();
      return wanted
        ? this.tickets.filter((each) => `${each.code} ${each.plate} ${each.spot} ${each.type}`.toLowerCase().includes(wanted))
        : this.tickets;
    },
  },
  methods: {
    shows(ticket) { return this.bill !== null && this.bill.ticket === ticket; },
    ask(ticket) { this.$emit("bill", this.shows(ticket) ? null : ticket); },
    news(sections) { Object.assign(this, sections); },
    title(spot) {
      const holder = spot.plate ? ` · ${spot.plate} for ${age(spot.since)}` : "";
      return `${spot.number} · ${spot.typeName} · ${STATUS[spot.status]}${holder}`;
    },
    letter: (spot) => LETTER[spot.type] || "",
    status: (spot) => STATUS[spot.status],
    fullness,
  },
  template: `<div class="pg">
  <pg-header :shell="shell" :current="current"><a class="pg-back" :href="shell.home"><Sign name="left"/>All lots</a></pg-header>
  <main v-if="!card" class="pg-main"><section class="pg-empty"><h2>There is no such lot</h2>
    <p>It may belong to another operator, or the address is incomplete. <a :href="shell.home">All lots</a></p></section></main>
  <main v-else class="pg-main" :data-lot="card.id">
    <div class="pg-title"><div class="pg-grow"><h1>{{ card.name }}</h1><p class="pg-muted">{{ card.address }}</p></div>
      <span v-if="card.backlog" class="pg-chip">{{ card.backlog }} facts on their way</span>
      <span v-if="card.parked" class="pg-chip pg-chip-bad">{{ card.parked }} parked</span>
      <LinkState :lot="card" :online="online"/></div>
    <Alarms :alarms="card.alarms" :count="card.alarmCount"/>
    <section class="pg-figures pg-figures-four" aria-label="This lot">
      <div class="pg-figure"><h2>Free spots</h2><p><b :class="'pg-text-' + fullness(card.free, card.total)">{{ card.free }}</b><span class="pg-of">of {{ card.total }}</span></p>
        <Bar :free="card.free" :total="card.total" :label="card.name"/></div>
      <div class="pg-figure"><h2>Vehicles inside</h2><p><b>{{ card.inside }}</b></p><small>open tickets</small></div>
      <div class="pg-figure"><h2>Taken today</h2><p v-for="each in card.takings" :key="each"><b>{{ each.split(" ")[0] }}</b><span class="pg-of">{{ each.split(" ")[1] }}</span></p>
        <small>since local midnight</small></div>
      <div class="pg-figure" :class="{'pg-figure-bad': card.alarmCount}"><h2>Alarms</h2><p><b>{{ card.alarmCount }}</b></p>
        <small>{{ card.alarmCount ? "listed above" : "nothing needs a person" }}</small></div>
    </section>
    <div class="pg-columns">
      <div class="pg-column">
        <section class="pg-panel" v-if="plan.length"><div class="pg-panel-head"><h2>Spots</h2><ul class="pg-legend">
          <li><i class="pg-spot pg-AVAILABLE"></i>free</li><li><i class="pg-spot pg-OCCUPIED"></i>taken</li>
          <li><i class="pg-spot pg-RESERVED"></i>reserved</li><li><i class="pg-spot pg-MAINTENANCE"></i>out of use</li></ul></div>
          <div v-for="level in plan" :key="level.floor" class="pg-level"><h3>{{ level.name }}
            <span class="pg-muted">{{ level.spots.filter((each) => each.status === "AVAILABLE").length }} of {{ level.spots.length }} free</span></h3>
            <ul class="pg-spots" :class="{'pg-dense': level.spots.length > 300}" :aria-label="level.name">
              <li v-for="spot in level.spots" :key="spot.id" class="pg-spot" :class="'pg-' + spot.status" :title="title(spot)"
                :aria-label="title(spot)" :data-spot="spot.number" :data-status="status(spot)">{{ spot.number }}<sup v-if="letter(spot)">{{ letter(spot) }}</sup></li></ul></div>
          <p class="pg-note">M motorcycle, C compact, L large, A accessible, E charging; the others are regular.</p>
        </section>
        <section class="pg-panel"><h2>Vehicles inside, last 24 hours</h2><slot></slot></section>
        <section class="pg-panel" v-if="card.levels.length"><h2>Free by level and type</h2><div class="pg-scroll"><table class="pg-table pg-matrix">
          <thead><tr><th>Level</th><th v-for="type in card.types" :key="type.type" class="pg-num">{{ type.name }}</th><th class="pg-num">All</th></tr></thead>
          <tbody><tr v-for="level in card.levels" :key="level.floor"><th scope="row">{{ level.name }}</th>
            <td v-for="type in card.types" :key="type.type" class="pg-num"><template v-if="level.types[type.type]"><b :class="'pg-text-' + fullness(level.types[type.type].free, level.types[type.type].total)">{{ level.types[type.type].free }}</b>/{{ level.types[type.type].total }}</template><span v-else class="pg-muted">·</span></td>
            <td class="pg-num"><b :class="'pg-text-' + fullness(level.free, level.total)">{{ level.free }}</b>/{{ level.total }}</td></tr></tbody>
          <tfoot><tr><th scope="row">All</th><td v-for="type in card.types" :key="type.type" class="pg-num"><b>{{ type.free }}</b>/{{ type.total }}</td>
            <td class="pg-num"><b>{{ card.free }}</b>/{{ card.total }}</td></tr></tfoot></table></div></section>
      </div>
      <div class="pg-column pg-side">
        <section class="pg-panel"><h2>Lanes</h2><Lanes :lanes="card.lanes" :online="online"/></section>
        <section class="pg-panel pg-feed-panel"><h2>What happens</h2>
          <ol class="pg-feed" aria-live="off"><li v-for="each in feed" :key="each.at + each.said + each.code"><Sign :name="each.sign"/>
            <span class="pg-grow"><span>{{ each.said }}</span><span v-if="each.spot" class="pg-muted pg-after">to {{ each.spot }}</span>
              <span class="pg-muted pg-block">{{ [each.where, each.code].filter(Boolean).join(" · ") }}</span></span>
            <Plate v-if="each.plate" :text="each.plate"/><time class="pg-age" :title="each.time">{{ each.time }}</time></li>
            <li v-if="!feed.length" class="pg-muted pg-none">Nothing yet.</li></ol></section>
      </div>
    </div>
    <section class="pg-panel"><div class="pg-panel-head"><h2>Open tickets <span class="pg-count">{{ card.inside }}</span></h2><span class="pg-grow"></span>
      <label class="pg-search"><Sign name="search"/><span class="pg-hidden">Search tickets</span><input type="search" v-model="search" placeholder="Ticket, plate or spot"></label></div>
      <div class="pg-scroll pg-tall"><table class="pg-table"><thead><tr><th>Ticket</th><th>Plate</th><th>Vehicle</th><th>Spot</th><th>Level</th><th>Entered</th><th class="pg-num">Stay</th><th class="pg-num">Due now</th><th>State</th></tr></thead>
        <tbody><template v-for="each in found" :key="each.id"><tr><td class="pg-code">{{ each.code }}</td><td><Plate :text="each.plate"/></td><td>{{ each.type }}</td>
          <td><b>{{ each.spot || "any" }}</b></td><td>{{ each.level }}</td><td>{{ each.time }}<span class="pg-muted pg-after">{{ each.lane }}</span></td>
          <td class="pg-num"><Age :at="each.since"/></td><td class="pg-num"><button v-if="each.due" type="button" class="pg-due" title="How it came about"
            :aria-expanded="shows(each.id)" :aria-label="each.due + ': the bill of ' + each.code" @click="ask(each.id)">{{ each.due }}</button></td>
          <td><span :class="each.settled ? 'pg-muted' : 'pg-chip'">{{ each.standing }}</span></td></tr>
          <tr v-if="shows(each.id)" class="pg-bill"><td colspan="9"><table :aria-label="'Bill of ' + each.code">
            <caption v-if="bill.tariff">Tariff {{ bill.tariff }}</caption>
            <tbody><tr v-for="(line, n) in bill.lines" :key="n" :data-what="line.what"><td>{{ line.text }}</td><td class="pg-muted">{{ line.times }}</td><td class="pg-num">{{ line.amount }}</td></tr></tbody>
            <tfoot><tr><th scope="row" colspan="2">Total so far <span v-for="tax in bill.taxes" :key="tax" class="pg-muted pg-after">of it {{ tax }}</span></th><td class="pg-num">{{ bill.total }}</td></tr>
              <tr v-if="bill.paid"><td colspan="2">Paid</td><td class="pg-num">{{ bill.paid }}</td></tr>
              <tr v-if="bill.paid"><th scope="row" colspan="2">Due now</th><td class="pg-num">{{ bill.due }}</td></tr></tfoot></table>
            <p v-if="bill.person" class="pg-note">More than a machine may take: a person has to look.</p></td></tr></template>
          <tr v-if="!found.length"><td colspan="9" class="pg-none pg-muted">{{ search ? "No ticket matches." : "Nobody is inside." }}</td></tr></tbody></table></div>
      <p v-if="card.inside > tickets.length" class="pg-note">The newest {{ tickets.length }} of {{ card.inside }} are shown.</p></section>
  </main></div>`,
};

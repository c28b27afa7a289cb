"""How the page of what was read looks: on a screen, on a telephone, in the dark, on paper."""

STYLE = """
:root { color-scheme: light dark; --ground: #f6f7f5; --card: #fff; --ink: #1c211d; --soft: #5a635c; --line: #d5dad4;
  --mark: #b3261e; --mark-ground: #fde3e0; --plate: #fbfbf4; --link: #0b57a4; }
@media (prefers-color-scheme: dark) { :root { --ground: #14181a; --card: #1d2326; --ink: #e8ece9; --soft: #a3ada6;
  --line: #39423d; --mark: #ffb4aa; --mark-ground: #5f1b15; --plate: #262c2a; --link: #8cc4ff; } }
* { box-sizing: border-box; }
body { font: 16px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--ground); margin: 0 auto;
  max-width: 80rem; padding: 1.25rem; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; } h2 { font-size: 1.25rem; margin: 2rem 0 .5rem; }
h3 { font-size: 1.05rem; margin: 1.5rem 0 0; } h3 + p { margin: .1rem 0 .75rem; color: var(--soft); }
.count { font-weight: 400; color: var(--soft); } header > p { margin: 0 0 1rem; color: var(--soft); }
code { font-size: .9em; overflow-wrap: anywhere; } a { color: var(--link); }
a:focus-visible, summary:focus-visible, .wide:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -100rem; } .skip:focus { left: 1rem; top: 1rem; background: var(--card);
  padding: .5rem 1rem; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(14rem, 1fr)); gap: .75rem; margin: 0; }
dl div, .cards li { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; }
dl div { padding: .6rem .8rem; } dt { color: var(--soft); font-size: .9rem; } dd { margin: 0; }
dd strong { display: block; font-size: 1.6rem; line-height: 1.25; font-variant-numeric: tabular-nums; }
dd span { color: var(--soft); font-size: .85rem; }
.cards { list-style: none; margin: 0; padding: 0; display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 19rem), 1fr)); }
.cards li { overflow: hidden; } .cards li > p { margin: 0 .8rem .5rem; color: var(--soft); font-size: .9rem; }
.cards img, .none { display: block; width: 100%; height: 8.5rem; background: #111; }
.cards img.crop { object-fit: contain; } .cards img.whole { object-fit: cover; }
.none { display: grid; place-items: center; color: #ddd; }
.texts { padding: .7rem .8rem .4rem; } .texts p { display: flex; align-items: baseline; gap: .6rem; margin: 0 0 .3rem; }
.who { flex: 0 0 2.9rem; color: var(--soft); font-size: .9rem; } .nothing { color: var(--soft); font-style: italic; }
.plate { font: 600 1.45rem/1.3 ui-monospace, monospace; letter-spacing: .06em; background: var(--plate);
  border: 1px solid var(--line); border-radius: .3rem; padding: 0 .35rem; overflow-wrap: anywhere; }
.plate mark { color: var(--mark); background: var(--mark-ground); text-decoration: underline;
  text-underline-offset: .2em; text-decoration-thickness: 2px; }
table { border-collapse: collapse; background: var(--card); } table:not(.narrow) { width: 100%; }
th, td { text-align: left; padding: .35rem .7rem; border-bottom: 1px solid var(--line); vertical-align: top; }
thead th { color: var(--soft); font-weight: 600; } tbody th { font-weight: 400; }
.off { background: var(--mark-ground); }
.number { text-align: right; font-variant-numeric: tabular-nums; } summary { cursor: pointer; padding: .4rem 0; }
.wide { overflow-x: auto; } .unread { color: var(--mark); }
@media (max-width: 30rem) { body { padding: .8rem; } dl { grid-template-columns: 1fr 1fr; }
  dd strong { font-size: 1.3rem; } th, td { padding: .3rem .4rem; font-size: .9rem; } }
@media print { :root { --ground: #fff; --card: #fff; --ink: #000; --soft: #333; --line: #999; --mark: #000;
  --mark-ground: #ddd; --plate: #fff; } body { max-width: none; padding: 0; font-size: 10pt; } .skip { display: none; }
  .cards { grid-template-columns: repeat(3, 1fr); } .cards li, dl div, tr { break-inside: avoid; }
  h2, h3 { break-after: avoid; } details:not([open])::details-content { content-visibility: visible; height: auto; } }
"""

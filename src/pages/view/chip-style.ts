/** The style of the pane of a chip, which the page loads with its code. */

export const chipStyle = `
#chip-pane{display:grid;grid-template-rows:auto minmax(0,1fr) auto auto;background:var(--card);color:var(--ink);border:0 solid var(--line);border-right-width:1px}
#chip-pane[hidden],body:not([data-live="true"]) #chip-pane,#chip-pane [hidden]{display:none}
body[data-live="true"] main:has(#chip-pane:not([hidden])){grid-template-columns:minmax(0,1fr) minmax(0,1fr) 20rem}
.chip-bar{display:flex;flex-wrap:wrap;gap:.25rem;padding:.25rem .5rem;font-size:.85rem;align-items:center}
.chip-bar>*{min-height:24px;padding:.1rem .35rem}
.chip-bar>:first-child{flex:1 1 9rem;min-width:0;font-weight:600}
.chip-bar>[name=chip]{flex:0 1 8rem;min-width:0}
.chip-stage{position:relative;min-height:0;overflow:hidden}
.chip-stage canvas{position:absolute;inset:0;width:100%;height:100%;cursor:pointer;color:var(--quiet);outline-color:var(--line);forced-color-adjust:none}
.chip-stage i{position:absolute;pointer-events:none;box-sizing:border-box;border:2px solid var(--wrong);border-radius:2px}
.chip-stage i+i{border-color:var(--ink);border-style:dotted}
.chip-legend{display:flex;flex-wrap:wrap;gap:.15rem .8rem;padding:.1rem .5rem;font-size:.8rem;color:var(--quiet);align-items:center}
.chip-legend span{white-space:nowrap}
.chip-legend b{display:inline-block;width:.8rem;height:.8rem;margin-right:.3rem;vertical-align:-.1rem;border:1px solid var(--line);forced-color-adjust:none}
.chip-legend b.scale{width:6rem;margin:0 .35rem}
.chip-reading{min-height:1.7em;padding:.1rem .5rem;font-size:.85rem;color:var(--quiet);overflow-wrap:anywhere}
@media(max-width:48rem){#chip-pane{height:min(115vw,85vh);border-width:1px 0}}
@media(pointer:coarse){.chip-bar>*{min-height:2.5rem}}
`;

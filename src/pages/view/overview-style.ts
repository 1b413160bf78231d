/** The style of the overview of a run, which the page loads with its code. */

export const overviewStyle = `
#stage-of-run,#side-of-run{display:none}
#live{flex-wrap:wrap}
body[data-overview=true]{grid-template-columns:minmax(0,1fr) 20rem}
body[data-overview=true]>header{grid-column:1/-1}
body[data-overview=true]>:is(main,footer){grid-column:1}
body[data-overview=true]>main{grid-template-columns:minmax(0,1fr)!important}
body[data-overview=true] :is(#pane,aside:not(#side-of-run),#frames,#png,#link,#reading){display:none}
body[data-overview=true] #stage-of-run{display:flex;flex-wrap:wrap;gap:1px;background:var(--line);min-height:0;overflow:auto}
body[data-overview=true] #side-of-run{display:block;grid-column:2;grid-row:2/4;overflow:auto}
#stage-of-run>*{flex:1 1 min(17rem,100%);height:auto;min-height:11rem!important;margin:0;background:var(--card);min-width:0}
#stage-of-run>#chip-pane{border:0}
body[data-overview=true] #strip-legend{display:none}
.run-pane{display:grid;grid-template-columns:minmax(0,1fr);grid-template-rows:auto minmax(0,1fr);padding:.35rem .5rem}
.run-pane h2{flex-wrap:wrap}
.run-pane h2,#side-of-run h2{gap:.1rem .5rem;margin:0 0 .2rem}
.run-pane h2 b{white-space:nowrap}
.run-pane h2 span{font-weight:400;min-width:0}
.run-pane canvas{width:100%;height:100%;min-height:0;display:block;color:var(--quiet);accent-color:var(--accent);outline-color:var(--line);forced-color-adjust:none}
.run-pane .charts{display:grid;grid-template-columns:minmax(0,1fr);grid-auto-rows:minmax(0,1fr);gap:.2rem;min-height:0}
.run-pane .fill{position:relative;min-height:0}
.run-pane .fill canvas{position:absolute;inset:0}
#side-of-run p{overflow-wrap:anywhere}
#empty-overview{align-content:start;grid-template-rows:none;padding:1rem}
#empty-overview p{max-width:40rem;margin:0 0 .75rem}
#empty-overview code{overflow-wrap:anywhere;user-select:all;padding:.5rem;background:var(--line);border-radius:.25rem;justify-self:start}
#side-of-run .quiet{color:var(--quiet);font-size:.85rem}
#side-of-run .verdict{font-size:1.05rem;font-weight:600}
#side-of-run .goal+.goal{margin-top:.6rem}
#side-of-run .goal b{font-weight:600}
#side-of-run [data-state=reached]{color:light-dark(#1a7f37,#4cc46a)}
#side-of-run [data-state=bad]{color:var(--wrong)}
#side-of-run dl{display:grid;grid-template-columns:auto auto;gap:.1rem .75rem;margin:0}
#side-of-run dd{margin:0;text-align:right}
#side-of-run .questions{grid-template-columns:auto 1fr}
#side-of-run .questions dt{color:var(--quiet)}
#side-of-run .questions dd{font-weight:600}
#side-of-run .bars{display:flex;align-items:end;gap:2px;height:3rem;margin-top:.4rem}
#side-of-run .bars i{flex:1;background:var(--accent);min-height:1px;forced-color-adjust:none}
#side-of-run .ends{display:flex;justify-content:space-between}
@media(max-width:48rem){
body[data-overview=true] #side-of-run{order:-1}
body[data-overview=true]>header{order:-2}
body[data-overview=true] #stage-of-run>*{min-height:17rem!important}
body[data-overview=true] #stage-of-run>#chip-pane{min-height:28rem!important}
}
`;

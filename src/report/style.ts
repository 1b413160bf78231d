import { tableStyle } from './frame-table.js';

/** The style sheet of all reports: light and dark, on a screen and on paper, without fonts or addresses. */
export const style = `
:root{color-scheme:light dark}
:root{--ink:#1a2332;--soft:#5b6b80;--line:#dbe2ea;--paper:#fff;--ground:#f5f7fa;--a:#1f6feb;--b:#d9480f;--c:#2b8a3e}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9aa8b8;--line:#2f3b4a;--paper:#161d27;--ground:#0d1218;--a:#6cb0ff;--b:#ff922b;--c:#69db7c}}
*{box-sizing:border-box}body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:1060px;margin:0 auto;padding:28px 20px 60px}h1{font-size:26px;margin:0 0 4px}h2{font-size:18px;margin:34px 0 10px}
code{font:12px/1.5 ui-monospace,monospace;color:var(--soft);overflow-wrap:anywhere}section,.tiles div,.remarks{background:var(--paper);border:1px solid var(--line);border-radius:10px}
section{padding:16px 20px}.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:10px;margin:18px 0}
.tiles div{padding:12px 16px}.tiles b{display:block;font-size:24px;line-height:1.2}.tiles span,.about{color:var(--soft);font-size:13px}
.remarks{border-left:4px solid var(--b);padding:8px 16px;margin:10px 0}.remarks p{margin:6px 0}
.grid3{display:grid;grid-template-columns:repeat(3,1fr);gap:6px 18px}.grid2{display:grid;grid-template-columns:repeat(2,1fr);gap:18px}
@media screen and (max-width:760px){.grid3,.grid2{grid-template-columns:1fr}}figure{margin:0}figcaption{font-size:13px;color:var(--soft);margin:4px 0}figcaption b{color:var(--ink)}
.chart{width:100%;height:auto;display:block}.bars rect{fill:var(--a)}.target{stroke:var(--b);stroke-width:2}.axis,.grid{stroke:var(--line)}
.ticks text{font-size:10px;fill:var(--soft);text-anchor:middle}.ticks .end{text-anchor:end}.line{fill:none;stroke-width:2}.line-0{stroke:var(--soft);stroke-width:6;opacity:.45}.line-1{stroke:var(--a)}
.curve-0{stroke:var(--a)}.curve-1{stroke:var(--b)}.curve-2{stroke:var(--c)}.curve{fill:none;stroke-width:2}.curve.dots{stroke-width:5;stroke-linecap:round}
.key i{display:inline-block;width:14px;height:3px;vertical-align:middle;margin:0 4px 0 12px}.sphere{width:100%}.rim{fill:none;stroke:var(--line)}.sphere circle:not(.rim){fill:var(--a);opacity:.7}
.layers{position:relative;border:1px solid var(--line);border-radius:6px;overflow:hidden;background:#fff}.layers img{width:100%;display:block}.layers svg{position:absolute;inset:0;width:100%;height:100%}
.peak{fill:none;stroke:#d9480f;stroke-width:1.2}.spot{fill:transparent;stroke:#1f6feb;stroke-width:.8}.dense .peak{stroke-width:.7;stroke-opacity:.75}.dense .spot{stroke-width:.5;stroke-opacity:.6}.ring{fill:none;stroke:#2b8a3e;stroke-width:.7;stroke-dasharray:4 4;opacity:.8}.ringlabel{font-size:11px;fill:#2b8a3e;text-anchor:middle}
input{width:24px;height:24px;margin:0 2px 0 0;vertical-align:middle}label{margin-right:16px;font-size:13px;color:var(--soft);cursor:pointer}#peaks:not(:checked)~* .peaks,#spots:not(:checked)~* .spots,#rings:not(:checked)~* .ring,#rings:not(:checked)~* .ringlabel{display:none}
table{border-collapse:collapse;font-size:14px}td,th{padding:3px 18px 3px 0;text-align:right}td:first-child,th:first-child{text-align:left}th{color:var(--soft);font-weight:500}
th,td{vertical-align:bottom}.shells{overflow-x:auto}
.shells td,.shells th{padding:2px 12px 2px 0;font-size:12.5px;white-space:nowrap}
footer{margin-top:30px;color:var(--soft);font-size:13px}${tableStyle}
@media screen and (prefers-color-scheme:dark){.layers{background:#000}.layers img{filter:invert(1)}
.peak{stroke:#ffb000}.spot{stroke:#7fd0ff}.ring{stroke:#69db7c}.ringlabel{fill:#69db7c}}
@media print{:root{color-scheme:light;--ink:#1a2332;--soft:#5b6b80;--line:#dbe2ea;--paper:#fff;--ground:#fff}
:root{--a:#1f6feb;--b:#d9480f;--c:#2b8a3e}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
main{max-width:none;padding:0}figure,.tiles,tr,h2+section:not(:has(.frames)){break-inside:avoid}h2{break-after:avoid}
.frames{max-height:none;overflow:visible}.frames tbody tr:nth-child(n+201){display:none}
.frames:has(tr:nth-child(201))::after{content:"Printed: the first 200 frames."}
.shells{overflow:visible}.shells td,.shells th{font-size:8px;padding:1px 5px 1px 0}}`;

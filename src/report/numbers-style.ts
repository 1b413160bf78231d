/** The style of pages of numbers: light and dark, narrow and wide, on a screen and on paper. */

const colours =
  '--ground:light-dark(#f4f4f5,#16181b);--card:light-dark(#fff,#1d2024);--ink:light-dark(#1d2129,#e6e8ec);--quiet:light-dark(#5b6470,#9aa2ad);--line:light-dark(#dcdde1,#31353c);--accent:light-dark(#0b62c4,#7fb4ff);--wrong:light-dark(#b3162b,#ff8b96)';

/** The style of a page that has nothing but numbers. */
export const pageStyle = `
:root{color-scheme:light dark;${colours}}
*{box-sizing:border-box}[hidden]{display:none!important}label{white-space:nowrap}body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:1200px;margin:0 auto;padding:24px 18px 60px}h1{font-size:22px;line-height:1.3;margin:0 0 6px;overflow-wrap:anywhere}
p{margin:4px 0}.quiet{color:var(--quiet);font-size:13px}
pre{margin:10px 0;padding:9px 12px;background:var(--card);border:1px solid var(--line);border-radius:8px;font:12.5px/1.5 ui-monospace,monospace;white-space:pre-wrap;overflow-wrap:anywhere}
.warnings{margin:10px 0;padding:8px 14px;background:var(--card);border:1px solid var(--line);border-left:4px solid var(--wrong);border-radius:8px}
@media(max-width:560px){main{padding:14px 10px 40px}}`.trim();

/** The style of the numbers themselves, which a report has as well: of what is below `.results` alone. */
export const cardStyle = `
.results{${colours};display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,480px),1fr));gap:16px;margin-top:16px;color:var(--ink);
h2{font-size:17px;margin:0}.quiet{color:var(--quiet);font-size:13px}
.result{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 16px;min-width:0}
.result header{display:flex;gap:10px;align-items:baseline;flex-wrap:wrap;margin-bottom:8px}
.controls{display:flex;flex-wrap:wrap;gap:8px 12px;align-items:center;margin:8px 0;font-size:13px;color:var(--quiet)}
.controls label{display:inline-flex;align-items:center;gap:5px}.controls input[type=text]{width:7.5em}.controls input[type=range]{width:9em;vertical-align:middle}
input,select,button{font:inherit;color:var(--ink);background:var(--ground);border:1px solid var(--line);border-radius:6px;padding:2px 7px;min-height:28px;width:auto;height:auto;margin:0}
input[type=checkbox]{min-height:0;padding:0;vertical-align:-2px}button{cursor:pointer}input[aria-invalid]{border-color:var(--wrong)}
.picture{position:relative;background:repeating-conic-gradient(var(--line) 0 25%,var(--card) 0 50%) 0 0/16px 16px;cursor:crosshair;touch-action:none;line-height:0;overflow:auto;max-height:80vh}
.picture div{position:relative}.picture canvas{width:100%;height:100%;image-rendering:pixelated;display:block}
.picture svg{position:absolute;inset:0;width:100%;height:100%;pointer-events:none}.picture line{stroke:var(--wrong);stroke-width:2;vector-effect:non-scaling-stroke}
.picture:focus-visible,input:focus-visible,select:focus-visible,button:focus-visible{outline:2px solid var(--accent);outline-offset:1px}
.bar{height:12px;width:100%;display:block;margin-top:6px;border-radius:3px}.wheel{display:block;margin-top:8px}.ends{display:flex;justify-content:space-between;font-size:12px;color:var(--quiet)}
.readout{min-height:1.6em;font:13px/1.6 ui-monospace,monospace;overflow-wrap:anywhere}
.chart{width:100%;height:auto;display:block;touch-action:none}.chart path{fill:none;stroke:var(--accent);stroke-width:1.6;vector-effect:non-scaling-stroke}
.chart .axis{stroke:var(--line);stroke-width:1}.chart text{font-size:11px;fill:var(--quiet)}.chart .at{stroke:var(--wrong);stroke-width:1}
.number{font-size:26px}@media(max-width:560px){.result{padding:10px}}
.picture circle,.picture rect{fill:none;stroke-width:1.2;vector-effect:non-scaling-stroke}
.marks-circle{stroke:#ff922b}.marks-square{stroke:#7fd0ff}.marks-ring{stroke:#69db7c;stroke-dasharray:4 4}g[hidden]{display:none}label{white-space:nowrap}
@media print{.controls button{display:none}.result{break-inside:avoid}}}`;

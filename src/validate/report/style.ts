/** The style of a report: one column, two schemes, no external font. */
export const style = `
:root{color-scheme:light dark;--paper:#fbfaf8;--card:#fff;--ink:#1d2129;--quiet:#6b7280;--line:#e3e1dc;--accent:#3b5bdb;--pass:#187a4b;--fail:#c02637;--warn:#a56a00;--wash:#eef1fb}
@media (prefers-color-scheme:dark){:root{--paper:#14161a;--card:#1c1f25;--ink:#e7e9ee;--quiet:#969ca8;--line:#2d313a;--accent:#8ea6ff;--pass:#4cc38a;--fail:#ff6b7a;--warn:#e3b341;--wash:#20263a}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:72rem;padding:2.5rem 1.5rem 4rem;background:var(--paper);color:var(--ink);font:15px/1.5 ui-sans-serif,system-ui,-apple-system,"Segoe UI",sans-serif}
h1{margin:.1em 0 .2em;font-size:2.2rem;line-height:1.15;letter-spacing:-.02em}
h2{margin:2.2em 0 .6em;font-size:1.15rem}
h3{margin:0 0 .2em;font-size:1rem}
p{margin:.3em 0}
.quiet{color:var(--quiet);font-size:.88rem}
header{border-left:5px solid var(--quiet);padding:.2rem 0 .2rem 1.2rem}
header.pass{border-color:var(--pass)}header.fail{border-color:var(--fail)}header.empty{border-color:var(--warn)}
.counts{display:flex;flex-wrap:wrap;gap:.2rem 1.4rem;list-style:none;margin:.8em 0;padding:0}
.counts b{font-size:1.25rem;font-variant-numeric:tabular-nums}
:is(b,i,.chip).pass{color:var(--pass)}:is(b,i,.chip).fail{color:var(--fail)}:is(b,i,.chip):is(.refused,.sampled,.todo){color:var(--warn)}b.absent{color:var(--quiet)}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(15rem,1fr));gap:.9rem;margin-top:1.6rem}
.card,figure{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:1rem 1.1rem;margin:0}
.card p{font-size:.9rem}.card .device{font-weight:600}
.away{opacity:.75;background:none;border-style:dashed}
.bar{display:flex;height:6px;border-radius:3px;overflow:hidden;background:var(--line);margin:.7em 0 .5em}
.bar i{background:currentColor}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(24rem,1fr));gap:.9rem}
figcaption{font-weight:600;margin-bottom:.5rem}
svg{width:100%;height:auto;display:block;font-size:11px;fill:var(--quiet)}
svg rect{fill:var(--accent)}svg rect.zero{fill:var(--pass)}svg line{stroke:var(--line)}svg .name{fill:var(--ink);font-weight:600}
input{width:100%;max-width:26rem;padding:.5rem .7rem;border:1px solid var(--line);border-radius:8px;background:var(--card);color:inherit;font:inherit}
.scroll{overflow-x:auto;border:1px solid var(--line);border-radius:10px;background:var(--card);margin-top:.7rem}
table{border-collapse:collapse;width:100%;font-size:.88rem}
th,td{text-align:left;padding:.34rem .8rem;border-bottom:1px solid var(--line);vertical-align:top;white-space:nowrap}
th{font-weight:600;color:var(--quiet);background:var(--card)}
tbody tr:last-child td{border-bottom:0}tbody tr:hover{background:var(--wash)}
.number{text-align:right;font-variant-numeric:tabular-nums}
.id{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.82rem;white-space:normal;overflow-wrap:anywhere;min-width:16rem}
.why{font-family:ui-sans-serif,system-ui,sans-serif;color:var(--quiet);margin-top:.15rem}tr.fail .why{color:var(--fail)}
.chip{font-size:.8rem;font-weight:600}
.meter{min-width:6rem}.meter i{display:block;height:6px;margin-top:.5em;border-radius:3px;background:var(--accent)}tr.fail .meter i{background:var(--fail)}
button{font:inherit;padding:.5rem .9rem;border:1px solid var(--line);border-radius:8px;background:var(--card);color:inherit;cursor:pointer}
progress{width:100%;accent-color:var(--accent)}
@media print{body{max-width:none}input{display:none}}
`;

/** The style of the dialog of runs, which the page loads with its code. */

export const runStyle = `
#runs h2{margin:0;font-size:1rem;color:var(--ink)}
#runs .row{display:flex;flex-wrap:wrap;gap:.5rem 1rem;align-items:center}
#runs .row a{color:var(--accent);overflow-wrap:anywhere;display:inline-flex;align-items:center;min-height:1.5rem;min-width:1.5rem}
#runs pre{margin:.5rem 0;padding:.5rem;border:1px solid var(--line);border-radius:6px;white-space:pre-wrap;overflow-wrap:anywhere;max-height:12rem;overflow:auto;font-size:.85rem}
#runs pre:empty,#runs p:empty{display:none}
#runs p{margin:.5rem 0}
#runs .wrong{color:var(--wrong);font-weight:600}
#runs ul{list-style:none;margin:0;padding:0}
#runs li{border-top:1px solid var(--line);padding:.5rem 0;overflow-wrap:anywhere}
#runs li .row{margin:.35rem 0}
#runs progress{width:100%;accent-color:var(--accent)}
#runs summary{cursor:pointer;color:var(--quiet)}
@media(pointer:coarse){#runs button,#runs input:not([type=checkbox]),#runs select,#runs .row a,#runs summary{min-height:2.5rem}#runs summary{padding:.6rem 0;box-sizing:border-box}}
`;

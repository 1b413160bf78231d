/** The report of a run as a self-contained page: no scripts, fonts or network access. */
import { median } from '../base/median.js';
import { htmlText as escaped } from '../base/plain-text.js';
import type { Place } from './assembly.js';
import { hemisphere, histogram, lines } from './charts.js';

/** A frame shown in the report. */
export interface ShownFrame {
  readonly title: string;
  readonly about: string;
  readonly image: string;
  readonly peaks: readonly Place[];
  readonly predictions: readonly (Place & { readonly hkl: string })[];
}

/** Contents of the page. */
export interface Report {
  readonly title: string;
  readonly commandLine: string;
  readonly generator: string;
  readonly frames: number;
  readonly hits: number;
  readonly indexed: number;
  readonly failed: number;
  readonly crystals: number;
  readonly seconds: number;
  /** Milliseconds per frame, by stage. */
  readonly stages: Readonly<Record<string, number>>;
  /** Lengths in Å and angles in degrees of every crystal. */
  readonly cells: readonly (readonly number[])[];
  readonly target: readonly number[] | undefined;
  /** Resolution of the crystals in Å. */
  readonly resolutions: readonly number[];
  /** For each frame in order: whether it was a hit and was indexed, and its number of peaks. */
  readonly timeline: readonly { readonly hit: boolean; readonly indexed: boolean; readonly peaks: number }[];
  /** Directions of a*, b*, c* of every crystal. */
  readonly axes: readonly (readonly (readonly number[])[])[];
  readonly shown: readonly ShownFrame[];
  readonly powder: { readonly image: string; readonly about: string } | undefined;
  /** Size of the images, position of the beam, and resolution rings. */
  readonly picture: {
    readonly size: number;
    readonly beam: Place;
    readonly rings: readonly { readonly radius: number; readonly label: string }[];
  };
  /** Remarkable observations, as text for the user. */
  readonly remarks: readonly string[];
}

const percent = (part: number, whole: number): string => `${((100 * part) / Math.max(1, whole)).toFixed(1)} %`;
const coordinate = (x: number): string => x.toFixed(1);

/** Fractions of the frames in about a hundred sections of the run. */
function shares(timeline: Report['timeline'], is: (frame: Report['timeline'][number]) => boolean): number[] {
  const stretches = Math.max(1, Math.min(100, Math.floor(timeline.length / 5)));
  return Array.from({ length: stretches }, (_, i) => {
    const part = timeline.slice(
      Math.floor((i * timeline.length) / stretches),
      Math.floor(((i + 1) * timeline.length) / stretches),
    );
    return part.filter(is).length / Math.max(1, part.length);
  });
}

function overlay({ size, beam, rings }: Report['picture'], frame?: ShownFrame): string {
  const drawn = rings
    .map(
      ({ radius, label }) =>
        `<circle class="ring" cx="${coordinate(beam.x)}" cy="${coordinate(beam.y)}" ` +
        `r="${coordinate(radius)}"/><text class="ringlabel" x="${coordinate(beam.x)}" ` +
        `y="${coordinate(beam.y - radius - 3)}">${label}</text>`,
    )
    .join('');
  const peaks = (frame?.peaks ?? [])
    .map(({ x, y }) => `<circle class="peak" cx="${coordinate(x)}" cy="${coordinate(y)}" r="5"/>`)
    .join('');
  const predictions = (frame?.predictions ?? [])
    .map(
      ({ x, y, hkl }) =>
        `<rect class="spot" x="${coordinate(x - 3.5)}" y="${coordinate(y - 3.5)}" width="7" ` +
        `height="7"><title>${hkl}</title></rect>`,
    )
    .join('');
  // Dense markers are drawn thinner, so that the frame remains visible between them.
  const dense = (frame?.peaks.length ?? 0) + (frame?.predictions.length ?? 0) > 800 ? ' class="dense"' : '';
  return (
    `<svg viewBox="0 0 ${size} ${size}"${dense}>${drawn}<g class="spots">${predictions}</g><g ` +
    `class="peaks">${peaks}</g></svg>`
  );
}

const picture = (report: Report, image: string, caption: string, frame?: ShownFrame): string =>
  `<figure class="picture"><div class="layers"><img src="${image}" ` +
  `alt="">${overlay(report.picture, frame)}</div><figcaption>${caption}</figcaption></figure>`;

const style = `
:root{--ink:#1a2332;--soft:#5b6b80;--line:#dbe2ea;--paper:#fff;--ground:#f5f7fa;--a:#1f6feb;--b:#d9480f;--c:#2b8a3e}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9aa8b8;--line:#2f3b4a;--paper:#161d27;--ground:#0d1218;--a:#6cb0ff;--b:#ff922b;--c:#69db7c}}
*{box-sizing:border-box}body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:1060px;margin:0 auto;padding:28px 20px 60px}h1{font-size:26px;margin:0 0 4px}h2{font-size:18px;margin:34px 0 10px}
code{font:12px/1.5 ui-monospace,monospace;color:var(--soft);overflow-wrap:anywhere}section,.tiles div,.remarks{background:var(--paper);border:1px solid var(--line);border-radius:10px}
section{padding:16px 20px}.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:10px;margin:18px 0}
.tiles div{padding:12px 16px}.tiles b{display:block;font-size:24px;line-height:1.2}.tiles span,.about{color:var(--soft);font-size:13px}
.remarks{border-left:4px solid var(--b);padding:8px 16px;margin:10px 0}.remarks p{margin:6px 0}
.grid3{display:grid;grid-template-columns:repeat(3,1fr);gap:6px 18px}.grid2{display:grid;grid-template-columns:repeat(2,1fr);gap:18px}
@media(max-width:760px){.grid3,.grid2{grid-template-columns:1fr}}figure{margin:0}figcaption{font-size:13px;color:var(--soft);margin:4px 0}figcaption b{color:var(--ink)}
.chart{width:100%;height:auto;display:block}.bars rect{fill:var(--a)}.target{stroke:var(--b);stroke-width:2}.axis,.grid{stroke:var(--line)}
.ticks text{font-size:10px;fill:var(--soft);text-anchor:middle}.ticks .end{text-anchor:end}.line{fill:none;stroke-width:2}.line-0{stroke:var(--soft);stroke-width:6;opacity:.45}.line-1{stroke:var(--a)}
.key i{display:inline-block;width:14px;height:3px;vertical-align:middle;margin:0 4px 0 12px}.sphere{width:100%}.rim{fill:none;stroke:var(--line)}.sphere circle:not(.rim){fill:var(--a);opacity:.7}
.layers{position:relative;border:1px solid var(--line);border-radius:6px;overflow:hidden;background:#fff}.layers img{width:100%;display:block}.layers svg{position:absolute;inset:0;width:100%;height:100%}
.peak{fill:none;stroke:#d9480f;stroke-width:1.2}.spot{fill:transparent;stroke:#1f6feb;stroke-width:.8}.dense .peak{stroke-width:.7;stroke-opacity:.75}.dense .spot{stroke-width:.5;stroke-opacity:.6}.ring{fill:none;stroke:#2b8a3e;stroke-width:.7;stroke-dasharray:4 4;opacity:.8}.ringlabel{font-size:11px;fill:#2b8a3e;text-anchor:middle}
label{margin-right:16px;font-size:13px;color:var(--soft);cursor:pointer}#peaks:not(:checked)~* .peaks,#spots:not(:checked)~* .spots,#rings:not(:checked)~* .ring,#rings:not(:checked)~* .ringlabel{display:none}
table{border-collapse:collapse;font-size:14px}td,th{padding:3px 18px 3px 0;text-align:right}td:first-child,th:first-child{text-align:left}th{color:var(--soft);font-weight:500}
footer{margin-top:30px;color:var(--soft);font-size:13px}`;

/** The start of every report, which identifies a file that may be replaced. */
export const pageBegin = '<!doctype html>\n<!-- Written by ewald index. -->';

/** The page. */
export function reportPage(report: Report): string {
  const { frames, hits, indexed, crystals, failed, seconds, cells, target, resolutions, timeline } = report;
  const tile = (value: string, what: string): string => `<div><b>${value}</b><span>${what}</span></div>`;
  const names = ['a', 'b', 'c', 'α', 'β', 'γ'];
  const histograms = names
    .map((name, i) =>
      histogram(
        cells.map((cell) => cell[i] ?? 0),
        name,
        i < 3 ? 'Å' : '°',
        target?.[i],
      ),
    )
    .join('');
  const spheres = ['a*', 'b*', 'c*']
    .map((name, i) =>
      hemisphere(
        report.axes.map((axes) => axes[i] ?? []),
        name,
      ),
    )
    .join('');
  const rates = lines(
    [
      { name: 'hits', values: shares(timeline, ({ hit }) => hit) },
      { name: 'indexed', values: shares(timeline, (frame) => frame.indexed) },
    ],
    timeline.length,
  );
  const stages = Object.entries(report.stages)
    .map(([stage, ms]) => `<tr><td>${escaped(stage)}</td><td>${ms.toFixed(2)}</td></tr>`)
    .join('');
  const shown = report.shown
    .map((frame) => picture(report, frame.image, `<b>${escaped(frame.title)}</b> ${escaped(frame.about)}`, frame))
    .join('');
  return `${pageBegin}
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(report.title)}</title><style>${style}</style></head>
<body><main>
<h1>${escaped(report.title)}</h1><code>${escaped(report.commandLine)}</code>
<div class="tiles">${tile(String(frames), 'frames')}${tile(percent(hits, frames), `hits, ${hits}`)}${tile(percent(indexed, frames), `indexed, ${indexed} frames`)}${tile(String(crystals), 'crystals')}${
    resolutions.length > 0 ? tile(`${median(resolutions).toFixed(2)} Å`, 'median resolution of the peaks') : ''
  }${tile(seconds > 0 ? (frames / seconds).toFixed(1) : '–', 'frames a second')}${failed > 0 ? tile(String(failed), 'frames could not be read') : ''}</div>
${report.remarks.length > 0 ? `<div class="remarks">${report.remarks.map((text) => `<p>${escaped(text)}</p>`).join('')}</div>` : ''}
${
  report.shown.length > 0
    ? '<h2>Frames</h2><section><input type="checkbox" id="peaks" checked><label for="peaks">peaks ' +
      '(circles)</label><input type="checkbox" id="spots" checked><label for="spots">predicted reflections ' +
      '(squares; point at one for its indices)</label><input type="checkbox" id="rings" checked><label ' +
      `for="rings">resolution</label><div class="grid2">${shown}</div><p class="about">Seen looking into the ` +
      'beam, +x to the right, +y up.</p></section>'
    : ''
}
${
  report.powder
    ? '<h2>Powder</h2><section><div ' +
      `class="grid2">${picture(report, report.powder.image, escaped(report.powder.about))}<div></div></div></section>`
    : ''
}
${
  cells.length > 0
    ? `<h2>Cells</h2><section><div class="grid3">${histograms}</div><p ` +
      `class="about">${crystals} crystals; ` +
      'the line is the known cell.</p></section>'
    : ''
}
${
  timeline.length > 1
    ? `<h2>Rates over the run</h2><section>${rates}<p class="about key"><i style="background:var(--soft)"></i>hits ` +
      '<i style="background:var(--a)"></i>indexed, by number of the frame</p></section>'
    : ''
}
${
  report.axes.length > 0
    ? `<h2>Orientations</h2><section><div class="grid3">${spheres}</div><p ` +
      'class="about">Directions of the ' +
      'reciprocal ' +
      'axes, equal-area projection along the beam; both ends of an axis are one.</p></section>'
    : ''
}
<h2>Time</h2><section><table><tr><th>stage</th><th>ms a frame</th></tr>${stages}</table></section>
<footer>${escaped(report.generator)}</footer>
</main></body></html>
`;
}

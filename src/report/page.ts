/** The report of a run as a self-contained page: no scripts, fonts or network access. */
import { counted } from '../util/amounts.js';
import { median } from '../util/median.js';
import { htmlText as escaped } from '../util/plain-text.js';
import type { ImagePoint } from './assembly.js';
import { hemisphere, histogram, lines } from './charts.js';
import { type FrameRow, frameTable } from './frame-table.js';
import { offlinePolicy } from './numbers-page.js';
import { cardStyle } from './numbers-style.js';
import { style } from './style.js';

/** A frame shown in the report. */
export interface ShownFrame {
  readonly title: string;
  readonly about: string;
  readonly image: string;
  readonly peaks: readonly ImagePoint[];
  readonly predictions: readonly (ImagePoint & { readonly hkl: string })[];
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
  /** Frames per second of the last session. */
  readonly rate: number;
  /** Milliseconds per frame, by stage. */
  readonly stages: Readonly<Record<string, number>>;
  /** Lengths in Å and angles in degrees of every crystal. */
  readonly cells: readonly (readonly number[])[];
  readonly target: readonly number[] | undefined;
  /** Resolution of the crystals in Å. */
  readonly resolutions: readonly number[];
  /** For each frame in order: whether it was a hit and was indexed, and its number of peaks. */
  readonly timeline: readonly { readonly hit: boolean; readonly indexed: boolean; readonly peaks: number }[];
  /** The frames, or the first ones of a long run. */
  readonly rows: readonly FrameRow[];
  /** Directions of a*, b*, c* of every crystal. */
  readonly axes: readonly (readonly (readonly number[])[])[];
  readonly shown: readonly ShownFrame[];
  readonly powder: { readonly image: string; readonly about: string } | undefined;
  /** Size of the images, position of the beam, and resolution rings. */
  readonly picture: {
    readonly size: number;
    readonly beam: ImagePoint;
    readonly rings: readonly { readonly radius: number; readonly label: string }[];
  };
  /** Remarkable observations, as text for the user. */
  readonly remarks: readonly string[];
  /** Further sections as HTML. */
  readonly sections: readonly string[];
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

/** The start of every report, which identifies a file that may be replaced. */
export const pageBegin = '<!doctype html>\n<!-- Written by ewald index. -->';

/** The numbers of the run. */
function tiles({ frames, hits, indexed, crystals, failed, rate, resolutions }: Report): string {
  const tile = (value: string, what: string): string => `<div><b>${value}</b><span>${what}</span></div>`;
  return [
    tile(String(frames), 'frames'),
    tile(percent(hits, frames), `hits, ${hits}`),
    tile(percent(indexed, frames), `indexed, ${counted(indexed, 'frame')}`),
    tile(String(crystals), 'crystals'),
    resolutions.length > 0 ? tile(`${median(resolutions).toFixed(2)} Å`, 'median resolution of the peaks') : '',
    tile(rate > 0 ? rate.toFixed(1) : '–', 'frames a second'),
    failed > 0 ? tile(String(failed), 'frames could not be read') : '',
  ].join('');
}

/** The rows of the table of times. */
const stageRows = ({ stages }: Report): string =>
  Object.entries(stages)
    .map(([stage, ms]) => `<tr><td>${escaped(stage)}</td><td>${ms.toFixed(2)}</td></tr>`)
    .join('');

/** Numbers instead of pictures on a screen, once they are drawn; pictures on paper. */
const numbersStyle =
  '[hidden]{display:none!important}@media screen{body:has(#numbers:not([hidden])) #pictures{display:none}}' +
  `@media print{#numbers{display:none!important}}${cardStyle}`;

/**
 * The page. `numbers` is what draws the pictures from their numbers, with limits, colours and values; the pictures beside
 * it are for readers whose programs run no scripts, and for paper.
 */
export function reportPage(report: Report, numbers?: string): string {
  const { crystals, cells, target, timeline } = report;
  const histograms = ['a', 'b', 'c', 'α', 'β', 'γ']
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
  const shown = report.shown
    .map((frame) => picture(report, frame.image, `<b>${escaped(frame.title)}</b> ${escaped(frame.about)}`, frame))
    .join('');
  return `${pageBegin}
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">${offlinePolicy}<title>${escaped(report.title)}</title><style>${style}${numbers === undefined ? '' : numbersStyle}</style></head>
<body><main>
<h1>${escaped(report.title)}</h1><code>${escaped(report.commandLine)}</code>
<div class="tiles">${tiles(report)}</div>
${report.remarks.length > 0 ? `<div class="remarks">${report.remarks.map((text) => `<p>${escaped(text)}</p>`).join('')}</div>` : ''}
${numbers === undefined ? '' : '<div id="numbers" class="results" hidden></div>'}<div id="pictures">
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
</div>
${
  cells.length > 0
    ? `<h2>Cells</h2><section><div class="grid3">${histograms}</div><p ` +
      `class="about">${counted(crystals, 'crystal')}; ` +
      'the line is the known cell.</p></section>'
    : ''
}
${
  timeline.length > 1
    ? '<h2>Rates over the run</h2><section><figure><figcaption class="key"><b>Share, by number of the frame</b>' +
      '<i style="background:var(--soft)"></i>hits<i style="background:var(--a)"></i>indexed</figcaption>' +
      `${rates}</figure></section>`
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
${report.sections.join('\n')}
${report.rows.length > 0 ? frameTable(report.rows, report.timeline.length) : ''}
<h2>Time</h2><section><table><tr><th>stage</th><th>ms a frame</th></tr>${stageRows(report)}</table></section>
<footer>${escaped(report.generator)}</footer>
</main>${numbers ?? ''}</body></html>
`;
}

/**
 * Draws a geometry as SVG: panels in place, looking into the beam, with their first pixels and directions, and
 * resolution rings.
 */

import { checkGeometry, cornersOf } from '../crystal/geometry/check.js';
import type { Beam, Geometry, Panel } from '../crystal/geometry/geometry.js';
import { heightOf, meanDistance, positionOf, widthOf } from '../crystal/geometry/pixels.js';
import { htmlText as escaped } from '../util/plain-text.js';

const size = 800;

/** The SVG text. */
export function geometryPicture(geometry: Geometry, beam: Beam): string {
  const outlines = geometry.panels.map((panel) => cornersOf(panel, beam));
  const all = [...outlines.flat(), [0, 0, 0] as const];
  const [xs, ys] = [all.map(([x]) => x), all.map(([, y]) => y)];
  const reach = 1.08 * Math.max(Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys));
  const [left, top] = [
    (Math.max(...xs) + Math.min(...xs) - reach) / 2,
    (Math.max(...ys) + Math.min(...ys) + reach) / 2,
  ];
  const at = (x: number, y: number): string =>
    `${(((x - left) / reach) * size).toFixed(1)},${(((top - y) / reach) * size).toFixed(1)}`;
  const place = (panel: Panel, fs: number, ss: number): string => {
    const [x, y] = positionOf(panel, beam, fs, ss);
    return at(x, y);
  };
  const panels = geometry.panels.map((panel, i) => {
    const [w, h] = [widthOf(panel), heightOf(panel)];
    const points = (outlines[i] ?? []).map(([x, y]) => at(x, y)).join(' ');
    const step = Math.min(w, h) / 3;
    const [x, y] = place(panel, w / 2, h / 2).split(',');
    const outline = `<polygon class="${panel.ignored ? 'ignored' : 'panel'}" points="${points}"/>`;
    const arrows = `<polyline class="fs" points="${place(panel, 0, 0)} ${place(panel, step, 0)}"/><polyline class="ss" points="${place(panel, 0, 0)} ${place(panel, 0, step)}"/>`;
    return `<g>${outline}${arrows}<text x="${x}" y="${y}">${escaped(panel.name)}</text><title>${escaped(panel.name)}: ${w} x ${h} pixels, fs ${panel.minFs}…${panel.maxFs}, ss ${panel.minSs}…${panel.maxSs}</title></g>`;
  });
  const { resolutionA } = checkGeometry(geometry, beam);
  const rings = [50, 20, 10, 7, 5, 4, 3, 2.5, 2, 1.7, 1.5, 1.2, 1, 0.8, 0.6]
    .filter((d) => d > resolutionA[1] && beam.wavelengthA / (2 * d) < 0.7)
    .map((d) => {
      const radius = meanDistance(geometry, beam) * Math.tan(2 * Math.asin(beam.wavelengthA / (2 * d)));
      const [x = '0', y = '0'] = at(0, 0).split(',');
      const r = (radius / reach) * size;
      return r < 25
        ? ''
        : `<circle class="ring" cx="${x}" cy="${y}" r="${r.toFixed(1)}"/><text class="label" x="${x}" y="${(Number(y) - r - 3).toFixed(1)}">${d} Å</text>`;
    });
  const [bx, by] = at(0, 0).split(',');
  const text = Math.max(4, Math.min(14, (size / Math.sqrt(geometry.panels.length)) * 0.06));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size} ${size}" width="${size}" height="${size}">
<style>.panel{fill:#eaf1fb;stroke:#5b7aa6}.ignored{fill:#eee;stroke:#bbb}.fs,.ss{fill:none;stroke-width:1.6}.fs{stroke:#d9480f}.ss{stroke:#2b8a3e}text{font:${text.toFixed(1)}px sans-serif;text-anchor:middle;fill:#333}.ring{fill:none;stroke:#888;stroke-dasharray:4 4;stroke-width:.7}.label{fill:#666;font-size:11px}.beam{fill:#d9480f}</style>
<rect width="${size}" height="${size}" fill="#fff"/>
${panels.join('\n')}
${rings.join('')}
<circle class="beam" cx="${bx}" cy="${by}" r="3"/>
<text x="${size / 2}" y="${size - 6}" style="font-size:12px">seen looking into the beam: +x right, +y up; from each first pixel fs in orange, ss in green</text>
</svg>
`;
}

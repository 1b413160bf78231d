/** The regions of a run as a table of its report: medians over its frames. */
import { median } from '../../util/median.js';
import { Sampled } from '../../util/sampled.js';
import type { FrameRecord } from '../record.js';
import { type Region, regionText } from '../regions/region.js';

const shownNames = ['mean', 'sum', 'max', 'pixels', 'x', 'y'] as const;

/** Collects what the table shows, in constant memory. */
export class RegionMedians {
  readonly #regions: readonly Region[];
  readonly #values = new Map<string, Sampled<number>>();

  constructor(regions: readonly Region[]) {
    this.#regions = regions;
  }

  add({ rois = {} }: Pick<FrameRecord, 'rois'>): void {
    for (const { name } of this.#regions)
      for (const shownName of shownNames) {
        const value = Number(rois[name]?.[shownName] ?? Number.NaN);
        if (Number.isNaN(value)) continue;
        const key = `${name}.${shownName}`;
        const all = this.#values.get(key) ?? new Sampled<number>();
        this.#values.set(key, all);
        all.add(value);
      }
  }

  /** The section of the report; none without regions. */
  sections(): readonly string[] {
    if (this.#regions.length === 0) return [];
    const head = shownNames.map((name) => `<th>${name}</th>`).join('');
    const rows = this.#regions.map((region) => {
      const cells = shownNames.map((shownName) => `<td>${this.#median(`${region.name}.${shownName}`)}</td>`).join('');
      // The text of a region has neither quotation marks nor angle brackets.
      return `<tr><td>${regionText(region)}</td>${cells}</tr>`;
    });
    return [
      '<h2>Regions</h2><section><p>Medians over the frames; the mean is that of a pixel.</p>' +
        `<table><tr><th>region</th>${head}</tr>${rows.join('')}</table></section>`,
    ];
  }

  #median(key: string): string {
    const values = this.#values.get(key)?.kept ?? [];
    return values.length === 0 ? '–' : `${Number(median(values).toPrecision(5))}`;
  }
}

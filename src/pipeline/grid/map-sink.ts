/** The maps of a chip as outputs of a run: PNG and .npy files, and a section of the report. */

import type { Output } from '../../frames/files/write.js';
import { formatNpy } from '../../frames/npy.js';
import type { ShownNumbers } from '../../report/numbers-page.js';
import { EwaldError } from '../../util/errors.js';
import { type ChipMap, ChipMaps } from '../chip/chip-map.js';
import { sizeOf } from '../chip/grid.js';
import { drawnMap, mapSection, quantityText } from '../chip/map-picture.js';
import type { FrameFailure, FrameRecord } from '../record.js';
import { closeOutput, type FrameSink } from '../sinks/sink.js';
import { placeOf, type RunGrid } from './frame-grid.js';
import { fileOfChip, type MapFile, mapSoftware } from './map-files.js';
import { addChunk, wellFrame } from './mapped-frame.js';

/** The bytes of a file of a map. Throws `Argument` for a quantity that no image had. */
export async function mapBytes(map: ChipMap, { quantity, kind, file }: MapFile): Promise<Uint8Array> {
  if (!map.quantities.includes(quantity))
    throw new EwaldError('Argument', `${file}: the chip has no ${quantity}; it has ${map.quantities.join(', ')}`);
  if (kind === 'png') return (await drawnMap(map, quantity, mapSoftware, true)).png;
  const { rows, columns, values } = map.values(quantity);
  return formatNpy({ shape: [rows, columns], data: values, complex: false });
}

/** The chips of a run, and the sink through which it fills them. */
export class ChipSink implements FrameSink {
  readonly maps: ChipMaps;
  readonly grid: RunGrid;
  #files: readonly (MapFile & { readonly output: Output })[] = [];
  #open: ((map: MapFile, file: string) => Promise<Output>) | undefined;
  #section: string | undefined;
  #isReported = false;

  constructor(grid: RunGrid) {
    this.grid = grid;
    this.maps = new ChipMaps(sizeOf(grid.grid));
  }

  /** The files that it writes; `open` opens those of further chips. `isReported`: a report shows the maps. */
  writes(
    files: readonly (MapFile & { readonly output: Output })[],
    open: (map: MapFile, file: string) => Promise<Output>,
  ): void {
    this.#files = files;
    this.#open = open;
  }

  reports(): void {
    this.#isReported = true;
  }

  /** Takes a frame that an earlier session of the run has written to the stream. */
  earlier(chunk: Parameters<typeof addChunk>[2]): void {
    addChunk(this.maps, this.grid.count, chunk);
  }

  async add(record: FrameRecord): Promise<void> {
    if (record.grid) this.maps.add(record.grid, wellFrame(record));
  }

  fail({ origin }: FrameFailure): void {
    this.maps.add(placeOf(this.grid, origin), undefined);
  }

  reportSection(): string | undefined {
    return this.#section;
  }

  /** The maps as numbers of the report. */
  numbers(): readonly ShownNumbers[] {
    return this.maps.maps.flatMap((map, i) =>
      map.quantities.map((quantity) => {
        const { rows, columns, values } = map.values(quantity);
        const lengths = { scan_y: rows, scan_x: columns };
        return {
          name: `${i === 0 ? 'chip' : `chip ${i + 1}`}, ${quantityText(quantity)}`,
          data: values,
          type: '<f4',
          axes: Object.entries(lengths).map(([name, length]) => ({ name, length })),
        };
      }),
    );
  }

  async close(isWhole: boolean): Promise<string> {
    const { maps } = this.maps;
    if (this.#isReported) this.#section = await mapSection(maps);
    const said: string[] = [];
    for (const { output, ...file } of this.#files) {
      if (maps.length === 0) {
        await output.discard();
        continue;
      }
      for (const [i, map] of maps.entries()) {
        const name = fileOfChip(file.file, i);
        const to = i === 0 ? output : await this.#open?.(file, name);
        await to?.write(await mapBytes(map, file));
        if (to) said.push(`${file.quantity} in ${await closeOutput(to, name, isWhole)}`);
      }
    }
    return said.length > 0 ? `map: ${said.join(', ')}` : '';
  }

  async discard(): Promise<void> {
    for (const { output } of this.#files) await output.discard();
  }
}

/** The positions of the parts of a run in the memory of a UDF's module, and the guards between them. */

/** Bytes before the first region and after each region, which the module must not change. */
const guardBytes = 64;
const guardByte = 0xa5;
const alignment = 64;

const align = (address: number): number => Math.ceil(address / alignment) * alignment;

/** A part of the memory; its address is known once the layout is placed. */
export interface Region {
  /** Name in messages. */
  readonly name: string;
  readonly bytes: number;
  readonly address: number;
}

/** Regions in sequence, aligned to 64 bytes, with guards. */
export class MemoryLayout {
  readonly #regions: { name: string; bytes: number; address: number }[] = [];
  #end = guardBytes;

  /** Adds a region at the end. */
  add(name: string, bytes: number): Region {
    const region = { name, bytes, address: this.#end };
    this.#regions.push(region);
    this.#end = align(this.#end + bytes) + guardBytes;
    return region;
  }

  /** Bytes of all regions and guards, plus the maximum for aligning their start. */
  get bytes(): number {
    return this.#end + alignment;
  }

  /** Moves the regions to the memory that begins at `start`. */
  place(start: number): void {
    for (const region of this.#regions) region.address += align(start);
  }

  /** Writes the guards of placed regions. */
  writeGuards(memory: Uint8Array): void {
    for (const [, first, end] of this.#guards()) memory.fill(guardByte, first, end);
  }

  /** The places where something was written outside the regions, such as 'beyond the result sum'. */
  damage(memory: Uint8Array): string[] {
    const damaged = (first: number, end: number): boolean => {
      for (let i = first; i < end; i++) if (memory[i] !== guardByte) return true;
      return false;
    };
    return [...this.#guards()].filter(([, first, end]) => damaged(first, end)).map(([place]) => place);
  }

  *#guards(): Generator<[place: string, first: number, end: number]> {
    const [first] = this.#regions;
    if (first) yield [`before ${first.name}`, first.address - guardBytes, first.address];
    for (const { name, address, bytes } of this.#regions)
      yield [`beyond ${name}`, address + bytes, align(address + bytes) + guardBytes];
  }
}

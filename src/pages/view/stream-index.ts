/**
 * The positions of the frames in a CrystFEL stream, and their lines in the list of frames. The stream is scanned once,
 * piece by piece, and may grow; its chunks are parsed when they are shown.
 */
import type { FrameSummary } from './protocol.js';

/** A frame of the stream. */
export interface IndexedChunk extends Omit<FrameSummary, 'frame' | 'error'> {
  /** Byte positions in the file: the beginning of the first line of the chunk, and the end of its last line. */
  readonly begin: number;
  readonly end: number;
  readonly filename: string;
  readonly event: string | undefined;
}

/**
 * Lines that are parsed; the others are skipped. Bytes are read as characters, so that positions are byte positions.
 */
const lines = new RegExp(
  '^(?:----- (?<mark>Begin chunk|End chunk|Begin geometry file|End geometry file|Begin unit cell|End unit cell) -----' +
    '|Image filename: (?<filename>.*)|Event: (?<event>.*)|hit = (?<hit>\\d)|num_peaks = (?<peaks>\\d+)' +
    '|Cell parameters +(?<cell>.*)|diffraction_resolution_limit = \\S+ nm\\^-1 or (?<limit>\\S+) A' +
    '|--- (?<crystal>Begin crystal))\\r?$',
  'gm',
);

type Draft = { -readonly [K in keyof IndexedChunk]: IndexedChunk[K] };

export class StreamIndex {
  readonly chunks: IndexedChunk[] = [];
  /** The geometry in the head, if it has one. */
  geometry: string | undefined;
  /** The cell in the head, if it has one. */
  cell: string | undefined;
  /** Bytes that have been scanned. */
  scanned = 0;
  #rest = '';
  #draft: Draft | undefined;
  #block: { readonly mark: string; readonly begin: number; readonly parts: string[] } | undefined;

  /** Scans the next bytes of the file. */
  add(bytes: Uint8Array): void {
    const text = this.#rest + byteText(bytes);
    const origin = this.scanned - this.#rest.length;
    this.scanned += bytes.length;
    // An incomplete line is scanned with the next piece.
    const whole = text.lastIndexOf('\n') + 1;
    this.#rest = text.slice(whole);
    const body = text.slice(0, whole);
    if (this.#block) this.#block.parts.push(body);
    for (const match of body.matchAll(lines)) {
      const { groups = {}, index } = match;
      if (groups.mark !== undefined) this.#marked(groups.mark, body, index, match[0].length, origin);
      else if (this.#draft) this.#take(this.#draft, groups);
    }
  }

  #marked(mark: string, body: string, index: number, length: number, origin: number): void {
    const behind = index + length + 1;
    if (mark === 'Begin chunk')
      this.#draft = {
        begin: origin + index,
        end: 0,
        filename: '',
        event: undefined,
        hit: true,
        peaks: 0,
        crystals: 0,
        cell: undefined,
        resolutionA: undefined,
      };
    else if (mark === 'End chunk' && this.#draft) {
      this.chunks.push({ ...this.#draft, end: origin + behind });
      this.#draft = undefined;
    } else if (mark.startsWith('Begin ')) this.#block = { mark, begin: behind, parts: [body] };
    else if (this.#block) {
      // The end is in the last part, the beginning in the first.
      const { parts, begin } = this.#block;
      const before = parts.slice(0, -1).join('');
      const text = (before + body.slice(0, index)).slice(begin);
      if (mark === 'End geometry file') this.geometry = utf8(text);
      else this.cell = utf8(text);
      this.#block = undefined;
    }
  }

  #take(draft: Draft, groups: Readonly<Record<string, string | undefined>>): void {
    const { filename, event, hit, peaks, cell, limit, crystal } = groups;
    if (filename !== undefined) draft.filename = utf8(filename);
    else if (event !== undefined) draft.event = event;
    else if (hit !== undefined) draft.hit = hit === '1';
    else if (peaks !== undefined) draft.peaks = Number(peaks);
    else if (crystal !== undefined) draft.crystals++;
    else if (cell !== undefined && !draft.cell) {
      const [a = 0, b = 0, c = 0, ...angles] = (cell.match(/-?\d[\d.e+-]*/gi) ?? []).map(Number);
      draft.cell = [10 * a, 10 * b, 10 * c, ...angles];
    } else if (limit !== undefined) draft.resolutionA ??= Number(limit);
  }
}

/** Converts bytes to characters with the same codes; the decoder's `latin1` would map some to other characters. */
function byteText(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += 8192) parts.push(String.fromCharCode(...bytes.subarray(at, at + 8192)));
  return parts.join('');
}

/** Decodes the UTF-8 text whose bytes these characters represent. */
const utf8 = (text: string): string => new TextDecoder().decode(Uint8Array.from(text, (c) => c.charCodeAt(0)));

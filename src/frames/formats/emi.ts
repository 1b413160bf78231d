/**
 * TIA's .emi: metadata of the microscope, and the series NAME_1.ser, NAME_2.ser … next to it, which hold the numbers.
 */

import { badFile } from '../../bytes/bad-file.js';
import { type ByteSource, closingOnError, openSiblingIfExists } from '../../bytes/byte-source.js';
import { checkedValue, row } from '../../options/call-options.js';
import { isEwaldError } from '../../util/errors.js';
import { omitUndefined } from '../../util/omit-undefined.js';
import { ambiguous, type FrameArrayEntry, framesAmong } from '../candidates.js';
import { decodeLatin1 } from '../cursor.js';
import type { Metadata, Note } from '../dataset.js';
import type { Format, FormatOptions } from '../format.js';
import { headerQuantity } from '../header-quantity.js';
import { blocksOf } from '../text-header.js';
import { electronBeam } from '../units.js';
import { nameOfSer, openSer } from './ser.js';

/** Largest number of a series of a file, counted from 0. */
const maxSeries = 99;
/** Bytes searched for the description, which is near the end. */
const maxText = 2 ** 24;

const hasSignature = (head: Uint8Array): boolean =>
  head[0] === 0x4a && head[1] === 0x4b && head[2] === 0 && head[3] === 2;

export const emi: Format = {
  name: 'emi',
  title: 'TIA acquisition (EMI + SER)',
  endings: ['emi'],
  options: ['dataset'],
  detect({ head, ending }) {
    return hasSignature(head) ? { confidence: ending === 'emi' ? 1 : 0.6, why: "the marker 'JK' 0x0002" } : undefined;
  },
  async open(source, options) {
    const start = await source.read(0, Math.min(4, source.size), { signal: options.signal });
    if (!hasSignature(start)) throw badFile(source, "this is not a TIA .emi file: it does not start with 'JK' 0x0002");
    const { number, notes } =
      options.dataset === undefined
        ? await seriesWithFrames(source, options)
        : { number: checkedValue('emi: dataset', Number(options.dataset), row.integer(0, maxSeries, 0)), notes: [] };
    const name = nameOfSer(source.name, number + 1);
    const series = await openSiblingIfExists(source, name, options);
    if (!series)
      throw badFile(source, `the numbers of an .emi are in .ser files next to it, but ${name} does not exist`);
    return closingOnError([series], async () => {
      const meta = await readMetadata(source, number, options.signal);
      return openSer(series, { ...options, dataset: undefined }, { format: 'emi', meta, notes, sources: [source] });
    });
  },
};

/** The series that holds the frames, counted from 0, and notes on damaged ones. Throws `Argument` if several next to the file may hold them. */
async function seriesWithFrames(
  source: ByteSource,
  options: FormatOptions,
): Promise<{ readonly number: number; readonly notes: readonly Note[] }> {
  const damaged = new Map<number, string>();
  const entries: FrameArrayEntry[] = [];
  for (let number = 0; number <= maxSeries; number++) {
    const series = await openSiblingIfExists(source, nameOfSer(source.name, number + 1), options);
    if (!series) break;
    try {
      const { shape, dtype } = await openSer(series, { ...options, navShape: undefined });
      entries.push({ path: String(number), shape: [...shape.nav, ...shape.sig], dtype });
    } catch (error) {
      if (!isEwaldError(error, 'Format')) throw error;
      damaged.set(number, error.message);
    } finally {
      await series.close();
    }
  }
  const { chosen, rivals } = framesAmong(entries);
  if (rivals.length > 0) throw ambiguous(source.name, rivals);
  const number = Number(chosen?.path ?? 0);
  damaged.delete(number);
  const notes = [...damaged].map(
    ([at, message]): Note => ({
      kind: 'warning',
      text: `series ${at} is damaged and was not considered: ${message}`,
      option: 'dataset',
    }),
  );
  return { number, notes };
}

async function readMetadata(source: ByteSource, number: number, signal: AbortSignal | undefined): Promise<Metadata> {
  const from = Math.max(0, source.size - maxText);
  const text = decodeLatin1(await source.read(from, source.size - from, { signal }));
  const blocks = blocksOf(text, 'ObjectInfo>', number + 1);
  const block = blocks[number] ?? blocks[0];
  if (!block) return { maker: 'TIA' };
  const tag = (name: string): string | undefined => new RegExp(`<${name}>([^<]*)<`).exec(block)?.[1];
  const described: Record<string, string> = Object.create(null);
  for (const [, label = '', value = '', unit = ''] of block.matchAll(
    /<Label>([^<]*)<\/Label><Value>([^<]*)<\/Value><Unit>([^<]*)<\/Unit>/g,
  ))
    if (label !== 'User') described[label] = `${value.trim()}${unit ? ` ${unit}` : ''}`;
  const camera = headerQuantity({ source, get: (key) => described[key] }, 'length', 'm', 'Camera length') ?? 0;
  const dwell = Number(tag('DwellTimePath'));
  return omitUndefined({
    maker: tag('Manufacturer') ?? 'TIA',
    detector: tag('CameraNamePath') || undefined,
    date: tag('AcquireDate') || undefined,
    ...electronBeam(Number(tag('AcceleratingVoltage'))),
    cameraLengthM: camera > 0 ? camera : undefined,
    exposureS: dwell > 0 ? dwell : undefined,
    header: described,
  });
}

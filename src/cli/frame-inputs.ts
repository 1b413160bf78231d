/** Which frames a run takes: files, `-i` lists of files with `//N` events, and whether the arguments are frames at all. */
import { dirname, isAbsolute, resolve } from 'node:path';
import { detect, open } from '../data/node.js';
import { EwaldError } from '../errors.js';
import type { PipelineInput } from '../pipeline/run.js';
import { readText } from './inputs.js';

/** A file and the frames of it that are wanted; undefined: all. */
export interface Wanted {
  readonly file: string;
  frames: number[] | undefined;
}

/** Reads a list of files, a line each, `file //3` for one frame of it; paths are relative to the list. Throws `Format`. */
export async function readFrameList(list: string, prefix = ''): Promise<Wanted[]> {
  const wanted: Wanted[] = [];
  for (const [i, raw] of (await readText(list)).split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const [, name = '', event] = /^(.*?)(?:\s+(\S*\/\/\S*))?$/.exec(line) ?? [];
    const number = event === undefined ? undefined : Number(/^\/\/(\d+)$/.exec(event)?.[1] ?? 'x');
    if (Number.isNaN(number))
      throw new EwaldError('Format', `${list}:${i + 1}: "${event}" is no event; needed is //N, the number of a frame`);
    const given = prefix + name;
    const file = isAbsolute(given) || list === '-' || prefix !== '' ? given : resolve(dirname(list), given);
    const last = wanted.at(-1);
    if (number !== undefined && last?.file === file && last.frames) last.frames.push(number);
    else wanted.push({ file, frames: number === undefined ? undefined : [number] });
  }
  if (wanted.length === 0) throw new EwaldError('Format', `${list}: the list names no file`);
  return wanted;
}

/** Whether a file holds frames of a format known here; a spot list is text and does not. */
export async function holdsFrames(file: string): Promise<boolean> {
  if (file === '-') return false;
  try {
    return (await detect(file)).length > 0;
  } catch {
    return false;
  }
}

/** Opens the files; closes those that are open when one cannot be. `dataset` is a path in HDF5 files. */
export async function openFrames(
  wanted: readonly Wanted[],
  dataset: string | undefined,
  signal: AbortSignal,
): Promise<PipelineInput[]> {
  const inputs: PipelineInput[] = [];
  try {
    for (const { file, frames } of wanted) {
      const opened = await open(file, { signal, ...(dataset === undefined ? {} : { dataset }) });
      inputs.push({ dataset: opened, filename: file, ...(frames ? { frames } : {}) });
      const beyond = frames?.find((frame) => frame >= opened.frames);
      if (beyond !== undefined)
        throw new EwaldError('Argument', `${file} has no frame //${beyond}; it has ${opened.frames}, from //0`);
    }
    return inputs;
  } catch (error) {
    for (const input of inputs) await input.dataset.dispose();
    throw error;
  }
}

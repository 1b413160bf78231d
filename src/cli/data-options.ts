/** Options of the commands that open frames: they override or complete what a file states. */
import { type FlagValues, flagOf, openRows, type Parameters } from '../entries/command.node.js';
import type { OpenOptions } from '../entries/data.node.js';
import { pickFlags } from './parameter-flags.js';

/** The flag of an option of `open`, for messages. */
export const openFlagOf = (option: string): string => {
  const { [option]: row } = openRows as Parameters;
  return row === undefined ? option : flagOf(option, row);
};

/** Options of `open` as command-line arguments. */
export const openWords = (options: OpenOptions): string =>
  Object.entries(options)
    .map(([name, value]) => `${openFlagOf(name)} ${value}`)
    .join(' ');

/** Options of `open` from the values of its flags. */
export function openOptions(values: FlagValues<typeof openRows>, signal: AbortSignal): OpenOptions {
  const { dataset, ...others } = pickFlags(openRows, values);
  return {
    ...others,
    // Which formats there are is checked by `open`.
    format: others.format as OpenOptions['format'],
    dataset: dataset !== undefined && /^\d+$/.test(dataset) ? Number(dataset) : dataset,
    signal,
  };
}

/** Options of the commands that open frames: they override or complete what a file states. */
import type { Command } from 'commander';
import { flagOf, openRows, type Parameters } from '../../entries/command.node.js';
import type { OpenOptions } from '../../entries/data.node.js';
import { type FlagTexts, flagValues, withFlags } from './parameter-flags.js';

const { checksums, maxFrameBytes } = openRows;

/** How frames are read, from the flags that every command with frames has. Throws `Argument`. */
export const readingOf = (texts: FlagTexts): Pick<OpenOptions, 'checksums' | 'maxFrameBytes'> =>
  flagValues({ checksums, maxFrameBytes }, texts);

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

/** Adds the flags to a command. */
export const withDataFlags = (command: Command): Command => withFlags(command, openRows);

/** Options of `open` from the flags. Throws `Argument`. */
export function openOptions(texts: FlagTexts, signal: AbortSignal): OpenOptions {
  const { dataset, ...values } = flagValues(openRows, texts);
  return {
    ...values,
    // Which formats there are is checked by `open`.
    format: values.format as OpenOptions['format'],
    dataset: dataset !== undefined && /^\d+$/.test(dataset) ? Number(dataset) : dataset,
    signal,
  };
}

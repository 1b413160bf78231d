/** The watch of a run: its log, its state for other programs, and its alarms. */
import { type FlagValues, type proxyRows, type RunWatch, type watchRows, withWatch } from '../entries/command.node.js';
import { note, red, yellow } from './output.js';

/** Runs something that is watched if flags ask for it; it gets the watch, which ends with it. */
export const watched = (
  flagValues: FlagValues<typeof watchRows>,
  about: {
    readonly searches: boolean;
    readonly rois?: readonly string[] | undefined;
    readonly hasProfile?: boolean;
    readonly output: string | undefined;
    readonly proxy: FlagValues<typeof proxyRows>;
  },
  work: (watch: RunWatch | undefined) => Promise<void>,
): Promise<void> =>
  withWatch(
    { ...flagValues, ...about, tell: (text, isAlarm) => note(`${isAlarm ? red('alarm:') : yellow('note:')} ${text}`) },
    work,
  );

/** The badge that shows at a glance, during an experiment, whether frames arrive and whether the picture keeps up. */

/** The state of the badge: all is well, the picture is behind, nothing arrives, or the run is over. */
type BadgeLevel = 'good' | 'late' | 'bad' | 'over';

export interface Badge {
  readonly level: BadgeLevel;
  readonly text: string;
}

/** The facts on which the badge depends; times in ms. */
interface BadgeInput {
  readonly connected: boolean;
  readonly state: 'waiting' | 'starting' | 'running' | 'ended' | 'stopped';
  /** What a run that begins does with its first frames. */
  readonly doing?: string | undefined;
  /** Time since the newest frame arrived; undefined before the first frame. */
  readonly age: number | undefined;
  /** Difference between the ages of the shown frame and of the newest one of its kind. */
  readonly behind: number;
  readonly following: boolean;
  /** Whether a run searches the frames; otherwise they only arrive. */
  readonly searches: boolean;
  /** What arrives: frames, or the images of a scan. */
  readonly what?: 'frame' | 'image';
  /** Whether an alarm of the run is raised. */
  readonly isAlarmed?: boolean;
}

/** The newest frame counts as new for this time, ms. */
const freshMs = 2000;
/** If no frame has arrived for this time, ms, something is wrong. */
const quietMs = 30_000;

const seconds = (ms: number): string => {
  const s = Math.round(ms / 1000);
  return s < 120 ? `${s} s` : s < 7200 ? `${Math.round(s / 60)} min` : `${Math.round(s / 3600)} h`;
};

export function badgeOf(input: BadgeInput): Badge {
  const { connected, state, doing, age, behind, following, searches, isAlarmed, what = 'frame' } = input;
  if (state === 'ended') return { level: 'over', text: searches ? 'the run has ended' : 'no more frames' };
  if (state === 'stopped') return { level: 'over', text: searches ? 'the run was stopped' : 'frames are not followed' };
  if (!connected) return { level: 'bad', text: 'the server does not answer; trying again' };
  if (age === undefined) return { level: 'late', text: doing ?? `waiting for the first ${what}` };
  if (age >= quietMs) return { level: 'bad', text: `nothing for ${seconds(age)}` };
  if (isAlarmed) return { level: 'bad', text: 'alarm' };
  if (following && behind >= freshMs) return { level: 'late', text: `picture ${seconds(behind)} behind` };
  if (age >= freshMs) return { level: 'late', text: `last ${what} ${seconds(age)} ago` };
  return { level: 'good', text: 'live' };
}

/** Where the results of a run are that has ended, in a few words. */
export function savedWords(files: readonly string[] | undefined): string[] {
  if (files === undefined) return [];
  const [first, ...others] = files;
  if (first === undefined) return ['not saved'];
  return [`saved as ${first}${others.length > 0 ? ` and ${others.length} more` : ''}`];
}

/** The overview of a run: its panes instead of the picture; its code is loaded when a run has something for it. */
import { lazily } from './lazily.js';
import type { LiveFeed } from './live-feed.js';
import { isOverview } from './overview-shown.js';

const code = lazily(() => import('./overview-controls.js'));

/** Writes the overview of a run that has panes. */
export function writeOverview(feed: LiveFeed, isElsewhere: boolean): void {
  if (feed.facts?.panes !== undefined) code()?.write(feed, isElsewhere);
}

/** Shows the picture of a frame instead. */
export function leaveOverview(): void {
  if (isOverview()) code()?.toggle(false);
}

/** A line of the run's status beside the picture of a frame: answers in short where the overview has them. */
export const inShort = (line: string, { facts }: LiveFeed): string =>
  facts?.panes === undefined ? line : (code()?.inShort(line) ?? line);

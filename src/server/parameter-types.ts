/** Options of this room; the build writes each of them into the declarations, with the sentence of its row. */
import type { OptionsOf } from '../options/parameters.js';
import type { listenRows, proxyRows, savedViewRows, startRows, viewRows, watchRows } from './parameters.js';

/** Where a server of pages listens. */
export interface ListenParameters extends OptionsOf<typeof listenRows> {}

/** Which proxy is before a server. */
export interface ProxyParameters extends OptionsOf<typeof proxyRows> {}

/** With what a viewer shows frames. */
export interface ViewParameters extends OptionsOf<typeof viewRows> {}

/** How what a viewer shows is saved. */
export interface SavedViewParameters extends OptionsOf<typeof savedViewRows> {}

/** Which runs pages may start. */
export interface StartParameters extends OptionsOf<typeof startRows> {}

/** How a run that nobody looks at is watched. */
export interface WatchParameters extends OptionsOf<typeof watchRows> {}

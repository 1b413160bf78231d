/** Numbers of single frames that alarms watch, what they are called, and what is stated of those of many frames. */
import { type RegionValues, regionNumbers } from '../../crystal/stream/regions.js';
import type { Middle } from '../../pipeline/recent-values.js';

/** The numbers of a frame by name, such as `spots` and `roi:jet.mean`; those that it does not have are absent. */
export type FrameValues = Readonly<Record<string, number | undefined>>;

/** What of a finished frame has values. */
export interface ValuedFrame {
  readonly hit: boolean;
  readonly peaks: { readonly count: number };
  /** 1/d in 1/Å of each crystal. */
  readonly crystals: readonly { readonly resolution: number }[];
  readonly rois?: RegionValues | undefined;
  readonly profile?:
    | {
        readonly background?: number | undefined;
        readonly ice?: { readonly isFlagged?: boolean | undefined } | undefined;
      }
    | undefined;
}

/**
 * The values of a frame: the peaks of a hit, the resolution of its best crystal in Å, background and ice of its profile,
 * and its regions.
 */
export const valuesOf = ({ hit, peaks, crystals, rois = {}, profile }: ValuedFrame): FrameValues => ({
  spots: hit ? peaks.count : undefined,
  resolution: crystals.length > 0 ? 1 / Math.max(...crystals.map(({ resolution }) => resolution)) : undefined,
  background: profile?.background,
  ice: profile?.ice?.isFlagged === undefined ? undefined : Number(profile.ice.isFlagged),
  ...regionNumbers(rois),
});

/** What is stated of a number of many frames: the share of those with ice, and of regions what a lamp may alternate. */
export const middleOfFrames = (name: string): Middle =>
  name === 'ice' ? 'mean' : name.startsWith('roi:') ? 'middle half' : 'median';

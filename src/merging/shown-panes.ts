/** What the page of a run shows besides its frames: answers to what is wanted, and alarms. Plain data in words. */

/** The likeliest number of crystals, and its range. */
interface Crystals {
  readonly likely: number;
  readonly least: number;
  readonly most: number;
}

/** What a forecast says of a number of crystals. */
export interface CoursePoint {
  readonly crystals: number;
  readonly likely: number;
  readonly least: number;
  readonly most: number;
}

/** The answer to one of the goals of a run. */
export interface ShownAnswer {
  /** The goal as it was given. */
  readonly goal: string;
  /** `CC1/2 .50 at 2.0 Å`, and `in 49 min (39 to 60)`, `reached` or `no forecast`. */
  readonly title: string;
  readonly verdict: string;
  readonly state: 'reached' | 'forecast' | 'refused';
  /** Further lines: the value now, the crystals that are needed, what was said of now, or why nothing is said. */
  readonly lines: readonly string[];
  readonly target: number;
  readonly targetText: string;
  /** NaN, which JSON writes as null, if it is not known. */
  readonly value: number;
  readonly error: number;
  readonly crystals: number;
  readonly needed?: Crystals | undefined;
  readonly course?: readonly CoursePoint[] | undefined;
  /** What an earlier merge said of now. */
  readonly said?: number | undefined;
}

/** An alarm of a run. */
export interface ShownAlarm {
  readonly text: string;
  readonly isRaised: boolean;
  /** How long it has been raised, s. */
  readonly seconds?: number | undefined;
  /** What it watches, in words; undefined while it is not known. */
  readonly now?: string | undefined;
  /** The number of single frames that it watches, such as `roi:jet.sum`, and its level. */
  readonly value?: string | undefined;
  readonly level: number;
  readonly isBelow: boolean;
}

/** What a part of a run, such as its merge or its watch, adds to the page. */
export interface ShownPanes {
  readonly answers?: readonly ShownAnswer[] | undefined;
  readonly alarms?: readonly ShownAlarm[] | undefined;
  /** Where numbers come from that were not found here, in words. */
  readonly origin?: readonly string[] | undefined;
  /** What is not known without a run that searches the frames, and the command that begins one. */
  readonly more?: { readonly text: string; readonly command: string } | undefined;
}

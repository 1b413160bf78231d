/** The lattices of a run whose orientations are known: found by file and event, and which frames have none. */
import { counted } from '../../util/amounts.js';
import type { OrientedCrystal } from '../stages/oriented.js';
import { eventText, type FrameOrigin } from '../streams/chunk.js';

/** A lattice, and the frame in which it is. */
export interface FrameCrystals {
  readonly filename: string;
  readonly event: string;
  readonly crystal: OrientedCrystal;
}

/** A frame among orientations. */
export const keyOf = (filename: string, event: string): string => `${filename}\n${event}`;
const baseOf = (file: string): string => file.replace(/^.*[/\\]/, '');

/** The orientations of a run, as they are sent to its workers. */
export interface SharedOrientations {
  /** Crystals by the name of the file and the event. */
  readonly frames: ReadonlyMap<string, readonly OrientedCrystal[]>;
  /** The names of files by their last part. */
  readonly files: ReadonlyMap<string, readonly string[]>;
}

/** The name of a file in the orientations: the same one, or the one that agrees with it to the most folders. */
function sameFile(filename: string, files: SharedOrientations['files']): string | undefined {
  let alike = files.get(baseOf(filename)) ?? [];
  if (alike.includes(filename)) return filename;
  const parts = filename.split(/[/\\]/);
  for (let n = 2; alike.length > 1 && n <= parts.length; n++) {
    const end = parts.slice(-n).join('/');
    const longer = alike.filter((one) => one.replaceAll('\\', '/').endsWith(end));
    if (longer.length > 0) alike = longer;
  }
  return alike.length === 1 ? alike[0] : undefined;
}

/** The key of a frame among the orientations; undefined if no file of that name is there, or several might be meant. */
function keyOfFrame(origin: Pick<FrameOrigin, 'filename' | 'event' | 'tag'>, files: SharedOrientations['files']) {
  const file = sameFile(origin.filename, files);
  return file === undefined ? undefined : keyOf(file, eventText(origin) ?? '//0');
}

/** The crystals of a frame; none if it has none there. */
export function orientedOf(origin: FrameOrigin, { frames, files }: SharedOrientations): readonly OrientedCrystal[] {
  const key = keyOfFrame(origin, files);
  return (key === undefined ? undefined : frames.get(key)) ?? [];
}

/** The orientations of a run, which counts the frames that it finds there. */
export class RunOrientations {
  readonly shared: SharedOrientations;
  readonly #name: string;
  readonly #listed: ReadonlySet<string> | undefined;
  readonly #met = new Set<string>();
  #frames = 0;
  #missing: FrameOrigin[] = [];
  #lost = 0;

  constructor(name: string, crystals: readonly FrameCrystals[], listed: ReadonlySet<string> | undefined) {
    const frames = new Map<string, OrientedCrystal[]>();
    const files = new Map<string, string[]>();
    const add = (filename: string): void => {
      const same = files.get(baseOf(filename));
      if (!same) files.set(baseOf(filename), [filename]);
      else if (!same.includes(filename)) same.push(filename);
    };
    for (const { filename, event, crystal } of crystals) {
      add(filename);
      const there = frames.get(keyOf(filename, event));
      if (there) there.push(crystal);
      else frames.set(keyOf(filename, event), [crystal]);
    }
    for (const key of listed ?? []) add(key.slice(0, key.indexOf('\n')));
    this.shared = { frames, files };
    this.#name = name;
    this.#listed = listed;
  }

  /** Counts a frame of the run. */
  count(origin: FrameOrigin): void {
    this.#frames++;
    const key = keyOfFrame(origin, this.shared.files);
    if (key !== undefined && this.shared.frames.has(key)) this.#met.add(key);
    else if (key === undefined || !this.#listed?.has(key)) {
      this.#lost++;
      if (this.#missing.length < 1) this.#missing = [origin];
    }
  }

  /** What to say of frames that are not in both. */
  texts(): { readonly text: string; readonly isDoubtful: boolean }[] {
    const { frames } = this.shared;
    const shown = (key: string): string => key.replace('\n', ' ');
    const [example] = frames.keys();
    const [missing] = this.#missing;
    const named = missing && `${missing.filename} ${eventText(missing) ?? '//0'}`;
    const texts: { text: string; isDoubtful: boolean }[] = [];
    if (missing && this.#met.size === 0)
      texts.push({
        text:
          `${this.#name} has no orientation of any of the ${counted(this.#frames, 'frame')}: it names frames as ` +
          `${example === undefined ? 'none' : shown(example)}, and the first one here is ${named}`,
        isDoubtful: true,
      });
    else if (missing)
      texts.push({
        text: `${this.#name} does not have ${counted(this.#lost, 'frame')} of ${this.#frames}, such as ${named}: they have no crystals here`,
        isDoubtful: true,
      });
    const unmet = [...frames].filter(([key]) => !this.#met.has(key));
    if (unmet.length > 0 && this.#met.size > 0) {
      const crystals = unmet.reduce((sum, [, own]) => sum + own.length, 0);
      texts.push({
        text:
          `${counted(crystals, 'crystal')} of ${this.#name} ${crystals === 1 ? 'is' : 'are'} of ` +
          `${counted(unmet.length, 'frame')} that ${unmet.length === 1 ? 'is' : 'are'} not in this run, such as ` +
          `${shown((unmet[0] as readonly [string, unknown])[0])}`,
        isDoubtful: false,
      });
    }
    return texts;
  }
}

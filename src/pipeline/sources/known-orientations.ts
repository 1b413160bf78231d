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
  readonly files: NamesByLastPart;
  /** Those of the run, as far as they are known beforehand. */
  readonly inputs: NamesByLastPart;
}

type NamesByLastPart = ReadonlyMap<string, readonly string[]>;

function byLastPart(names: Iterable<string>): NamesByLastPart {
  const found = new Map<string, string[]>();
  for (const name of new Set(names)) {
    const there = found.get(baseOf(name));
    if (there) there.push(name);
    else found.set(baseOf(name), [name]);
  }
  return found;
}

/** Which of some names of the same last part is this one, or else agrees with it to the most folders; undefined if several do. */
function nearest(name: string, others: readonly string[]): string | undefined {
  if (others.includes(name)) return name;
  let alike = others;
  const parts = name.split(/[/\\]/);
  for (let n = 2; alike.length > 1 && n <= parts.length; n++) {
    const end = `/${parts.slice(-n).join('/')}`;
    const longer = alike.filter((one) => `/${one.replaceAll('\\', '/')}`.endsWith(end));
    if (longer.length > 0) alike = longer;
  }
  return alike.length === 1 ? alike[0] : undefined;
}

/** The file of the orientations that is this one of the run: each is the nearest of the other, since folders are moved. */
function sameFile(filename: string, { files, inputs }: SharedOrientations): string | undefined {
  const last = baseOf(filename);
  const found = nearest(filename, files.get(last) ?? []);
  const rivals = inputs.get(last) ?? [];
  if (found === undefined || found === filename || !rivals.includes(filename)) return found;
  return nearest(found, rivals) === filename ? found : undefined;
}

/** The key of a frame among the orientations; undefined if no file of that name is there, or several might be meant. */
function keyOfFrame(origin: Pick<FrameOrigin, 'filename' | 'event' | 'tag'>, shared: SharedOrientations) {
  const file = sameFile(origin.filename, shared);
  return file === undefined ? undefined : keyOf(file, eventText(origin) ?? '//0');
}

/** The crystals of a frame; none if it has none there. */
export function orientedOf(origin: FrameOrigin, shared: SharedOrientations): readonly OrientedCrystal[] {
  const key = keyOfFrame(origin, shared);
  return (key === undefined ? undefined : shared.frames.get(key)) ?? [];
}

/** The orientations of a run, which counts the frames that it finds there. */
export class RunOrientations {
  readonly shared: SharedOrientations;
  readonly #name: string;
  readonly #listed: ReadonlySet<string> | undefined;
  readonly #met = new Set<string>();
  /** The file of the run for each of the orientations, and the first one that was taken for two. */
  readonly #fileOf = new Map<string, string>();
  #twice: readonly [file: string, first: string, second: string] | undefined;
  #frames = 0;
  #missing: FrameOrigin[] = [];
  #lost = 0;

  /** `listed` are the frames that the file has, with crystals or without; `inputs` the files of the run, if they are known. */
  constructor(
    name: string,
    crystals: readonly FrameCrystals[],
    listed: ReadonlySet<string> | undefined,
    inputs: readonly string[],
  ) {
    const frames = new Map<string, OrientedCrystal[]>();
    for (const { filename, event, crystal } of crystals) {
      const there = frames.get(keyOf(filename, event));
      if (there) there.push(crystal);
      else frames.set(keyOf(filename, event), [crystal]);
    }
    const files = [...frames.keys(), ...(listed ?? [])].map((key) => key.slice(0, key.indexOf('\n')));
    this.shared = { frames, files: byLastPart(files), inputs: byLastPart(inputs) };
    this.#name = name;
    this.#listed = listed;
  }

  /** Counts a frame of the run. */
  count(origin: FrameOrigin): void {
    this.#frames++;
    const key = keyOfFrame(origin, this.shared);
    if (key !== undefined) this.#taken(origin.filename, key.slice(0, key.indexOf('\n')));
    if (key !== undefined && this.shared.frames.has(key)) this.#met.add(key);
    else if (key === undefined || !this.#listed?.has(key)) {
      this.#lost++;
      if (this.#missing.length < 1) this.#missing = [origin];
    }
  }

  /** Notes for which file of the run one of the orientations was taken. */
  #taken(filename: string, file: string): void {
    const before = this.#fileOf.get(file) ?? filename;
    this.#fileOf.set(file, before);
    if (before !== filename) this.#twice ??= [file, before, filename];
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
          `${example === undefined ? 'none' : shown(example)}, and the first one here is ${named}; files of ` +
          'hits (ewald reduce) name their frames anew, and take the orientations of a stream of the same file',
        isDoubtful: true,
      });
    else if (missing)
      texts.push({
        text: `${this.#name} does not have ${counted(this.#lost, 'frame')} of ${this.#frames}, such as ${named}: they have no crystals here`,
        isDoubtful: true,
      });
    if (this.#twice) {
      const [file, first, second] = this.#twice;
      texts.push({
        text:
          `the orientations of ${file} in ${this.#name} were taken for both ${first} and ${second}: they agree with it in their ` +
          'last part alone; give the file as it is named there, or the others in a run of their own',
        isDoubtful: true,
      });
    }
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

/** What the worker holds: the context of its computations, and the file that is open. */
import { type Context, createContext, type Detector, type FrameSearcher } from '../../entries/index.js';
import type { FrameData } from './contrast.js';
import type { Opened } from './protocol.js';
import type { OpenedSession, Session } from './session.js';
import { showable } from './shown.js';

/** The detector of a file. Throws without one. */
export function detectorOf({ detector }: Session): Detector {
  if (!detector) throw new Error('The detector is unknown: drop a .geom file beside the frames.');
  return detector;
}

/** A frame of the open file, with its pixels without counts marked as in a run. */
async function markedFrame({ dataset, detector }: Session, frame: number): Promise<Session['latest'][number]> {
  const read = await dataset.read(frame, 1);
  const data = showable(read);
  const bad = await detector?.badOf(dataset, frame);
  if (detector && (bad || detector.hasFlags)) detector.markFrame(data, bad);
  return { frame, data, exact: data === read ? undefined : (read as Float64Array) };
}

/** The context and the open file. */
export class Workspace {
  #context: Promise<Context> | undefined;
  #session: Session | undefined;

  /** The open file. Throws without one. */
  get current(): Session {
    if (!this.#session) throw new Error('No file is open.');
    return this.#session;
  }

  // Frames are searched one at a time: WebAssembly responds at once, whereas WebGPU would compile its shaders first.
  context(): Promise<Context> {
    this.#context ??= createContext({ backend: 'wasm' });
    return this.#context;
  }

  searcher(of: Session): Promise<FrameSearcher> {
    const detector = detectorOf(of);
    of.searcher ??= this.context().then((context) => context.frameSearcher({ detector, cells: of.cells }));
    return of.searcher;
  }

  async frame(of: Session, frame: number): Promise<FrameData> {
    const known = of.latest.find((one) => one.frame === frame);
    if (known) return known.data;
    const found = of.book ? { frame, data: await of.book.read(frame) } : await markedFrame(of, frame);
    // While the newest frame of a run is fetched, the one before it is still searched.
    of.latest = [found, ...of.latest.slice(0, 1)];
    return found.data;
  }

  /** Shows another file, and closes the previous one. */
  async begin({ session: next, opened }: OpenedSession): Promise<Opened> {
    const before = this.#session;
    this.#session = next;
    before?.closing.abort();
    await (await before?.searcher)?.dispose();
    await before?.book?.dispose();
    await before?.dataset.dispose();
    return opened;
  }
}

/** The objects that the controls of the page share, and the scheduling of their drawing. */
import { byId } from '../by-id.js';
import { WorkerCalls } from './calls.js';
import { ImagePane } from './image-pane.js';
import { Pane } from './pane.js';
import { ScanViewer } from './scan-viewer.js';
import { Viewer } from './viewer.js';

export const pane = paneOf(byId('pane'));
export const engine = new WorkerCalls(
  () => new Worker(new URL('./view-worker.js', import.meta.url), { type: 'module' }),
);
export const viewer = new Viewer(pane, engine);
export const scan = new ScanViewer(imagePane(byId('scan-pane')), pane, engine, viewer.fail);

/** A pane for a result of a scan, in a figure with its controls. */
export function imagePane(figure: HTMLElement): ImagePane {
  return new ImagePane(figure, paneOf(figure.querySelector('.stage') as HTMLElement));
}

/** A pane of the page. */
function paneOf(figure: HTMLElement): Pane {
  const made = new Pane(figure);
  const words = 'The graphics driver took the picture away; it comes back by itself, or when this page is reloaded.';
  made.picture.onLost = () => say(words, true);
  const redrawn = made.picture.onRestored;
  made.picture.onRestored = () => {
    if (byId('message').textContent === words) say('', false);
    redrawn();
  };
  return made;
}

/** The functions that draw; set by main.ts. */
export const drawn: {
  /** Draws the pictures and their overlays. */
  pictures(): void;
  /** Writes the values of all controls, charts and lists. */
  controls(): void;
  /** Called after each drawing. */
  after(): void;
} = { pictures: () => undefined, controls: () => undefined, after: () => undefined };

// Everything is drawn at most once per screen refresh. While a picture is moved, only pictures are drawn: controls,
// charts and lists do not depend on its place. While a run reports its frames, only those are: a picture of several
// million pixels would take most of the time between two reports.
const stale = { pictures: false, controls: false };
function draw(what: keyof typeof stale): void {
  const isScheduled = stale.pictures || stale.controls;
  stale[what] = true;
  if (isScheduled) return;
  requestAnimationFrame(() => {
    const { pictures, controls } = stale;
    stale.pictures = false;
    stale.controls = false;
    if (pictures) drawn.pictures();
    if (controls) drawn.controls();
    drawn.after();
  });
}
export const redrawPictures = (): void => draw('pictures');
export const redrawControls = (): void => draw('controls');
export function redraw(): void {
  redrawPictures();
  redrawControls();
}

/** Shows a message to the user; `wrong` is true for errors. */
export function say(text: string, wrong: boolean): void {
  const line = byId('message');
  line.textContent = text;
  line.classList.toggle('wrong', wrong);
}

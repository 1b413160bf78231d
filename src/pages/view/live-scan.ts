/** The images of a run over a scan, which grow while the page shows them. */
import type { ScanImageFacts } from '../../entries/pages.js';
import { drawColourBar } from './bars.js';
import { colourMaps } from './colour-maps.js';
import { automaticLimits, type Limits, sampleOf } from './contrast.js';
import { computedColor, createElement } from './elements.js';
import { PanelLayout, wholeFrame } from './layout.js';
import type { Pane } from './pane.js';

/** What the server states about a run over a scan. */
export interface ScanFacts {
  readonly images: readonly ScanImageFacts[];
  /** Fraction of the scan that is finished. */
  readonly done: number;
  /** When the newest image came, in milliseconds of the server; absent before the first. */
  readonly ms?: number;
  /** The files of its results, once it has ended. */
  readonly saved?: readonly string[];
  /** What its results should be read with, once it has ended. */
  readonly notes?: readonly string[];
}

/** The valid range of an image, which contains every value except NaN. */
const everyValue: Limits = [-3.4e38, 3.4e38];

export class LiveScan {
  /** The image that is shown, [height, width]; NaN at positions without a result. */
  image: Float32Array | undefined;
  /** Number of images shown so far. */
  shown = 0;
  readonly #pane: Pane;
  readonly #choice: HTMLSelectElement;
  readonly #onChange: () => void;
  #facts: ScanFacts = { images: [], done: 0 };
  #size = '';
  /** Title and version of the shown image. */
  #current = '';
  #asking = false;
  #isOver = false;
  #unit = '';
  #colours: Uint8Array = colourMaps.grey;

  /** Shows images in a pane; `choice` lists their titles. */
  constructor(pane: Pane, choice: HTMLSelectElement, onChange: () => void) {
    [this.#pane, this.#choice, this.#onChange] = [pane, choice, onChange];
    pane.picture.colour(colourMaps.grey);
    choice.addEventListener('change', () => void this.#ask());
  }

  /** The title of the shown image. */
  get title(): string {
    return this.#choice.value;
  }

  /** What stands on the picture: its title, or why there is none. */
  captionOf(isOver: boolean): string {
    if (this.#facts.images.length > 0) return this.title;
    return isOver ? 'There is no image: no result has two axes.' : 'Images appear here, of results with two axes.';
  }

  /** Shows the chosen image if it has changed. Throws an Error with a message for the user. */
  follow(facts: ScanFacts, isOver = false): Promise<void> {
    this.#facts = facts;
    const last = isOver && !this.#isOver;
    this.#isOver = isOver;
    this.#note(facts.notes ?? []);
    const listed = [...this.#choice.options].map(({ value }) => value);
    for (const { title } of facts.images)
      if (!listed.includes(title)) this.#choice.append(createElement('option', title));
    this.#choice.hidden = facts.images.length < 2;
    return this.#ask(last);
  }

  /** Writes under the picture what the results should be read with. */
  #note(notes: readonly string[]): void {
    const line = this.#pane.overlay.closest('figure')?.querySelector('.pane-notes') as HTMLElement | null | undefined;
    if (!line) return;
    line.textContent = notes.join('; ');
    line.hidden = notes.length === 0;
  }

  /**
   * Requests the chosen image until it is the latest one; images that change in the meantime are skipped. After the
   * end (`last`), the server is told that the page has it, and waits no longer.
   */
  async #ask(last = false): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    try {
      for (;;) {
        const index = this.#facts.images.findIndex(({ title }) => title === this.title);
        const facts = this.#facts.images[index];
        if (!facts) return;
        if (`${facts.title} ${facts.version}` === this.#current) {
          if (last) await fetch(`live/image/${index}`, { method: 'HEAD' });
          return;
        }
        const answer = await fetch(`live/image/${index}`);
        if (!answer.ok) throw new Error(`The server answered ${answer.status} where an image was expected.`);
        this.#show(facts, new Float32Array(await answer.arrayBuffer()));
      }
    } finally {
      this.#asking = false;
    }
  }

  #show({ title, height, width, version, unit = '' }: ScanImageFacts, data: Float32Array): void {
    this.#current = `${title} ${version}`;
    const size = `${height} ${width}`;
    if (size !== this.#size) this.#pane.place(new PanelLayout([wholeFrame(width, height)]), -1);
    this.#size = size;
    const shown = { data, width, height, bad: undefined, validRange: everyValue };
    const { picture, overlay } = this.#pane;
    picture.show(shown);
    const [low, high] = automaticLimits(sampleOf(data, shown), 'range');
    // Numbers of both signs diverge from 0, which has no colour.
    const most = Math.max(-low, high);
    const isSigned = low < 0 && high > 0;
    picture.limits = isSigned ? [-most, most] : [low, high];
    this.#colours = isSigned ? colourMaps['blue-red'] : colourMaps.grey;
    this.#unit = unit;
    picture.colour(this.#colours);
    overlay.ariaLabel = `${title} of the scan, ${Math.round(100 * this.#facts.done)} %`;
    this.image = data;
    this.shown++;
    this.#onChange();
  }

  /** Draws it on the background of the page, light or dark, and a bar with its numbers. */
  draw(background: Pane['picture']['background']): void {
    const { picture, overlay } = this.#pane;
    picture.background = background;
    this.#pane.draw();
    const pen = overlay.getContext('2d') as CanvasRenderingContext2D;
    pen.clearRect(0, 0, overlay.width, overlay.height);
    const { limits, scale } = picture;
    const ink = computedColor(document.body);
    if (this.image)
      drawColourBar(pen, overlay, { colours: this.#colours, limits, scale, title: this.#unit, ink }, devicePixelRatio);
  }
}

/** A picture that is moved and zoomed by mouse, pen, fingers and keys, with an overlay above it. */
import { fitCanvas } from './elements.js';
import { PanelLayout, wholeFrame } from './layout.js';
import type { Picture } from './picture.js';
import { pictureOn } from './picture-on.js';
import { type Point, Viewport } from './viewport.js';

/** Zoom factor per notch of a wheel. */
const notch = 1.1;

export class Pane {
  readonly picture: Picture;
  readonly viewport = new Viewport();
  readonly overlay: HTMLCanvasElement;
  layout = new PanelLayout([wholeFrame(1, 1)]);
  /** Called when the picture has been moved, or has to be redrawn for another reason. */
  onChange: () => void = () => undefined;
  /** Called with the position under the pointer; undefined when the pointer has left. */
  onPoint: (place: Point | undefined) => void = () => undefined;
  /**
   * Called when a pointer goes down: returns a function that receives its further positions, or undefined if the
   * pointer moves the picture.
   */
  grab: (place: Point, event: PointerEvent) => ((place: Point) => void) | undefined = () => undefined;
  /** Width at the right that the whole picture leaves free, in CSS pixels. */
  inset = 0;
  #held: ((place: Point) => void) | undefined;
  /** Whether all panels are shown, also after the pane changes its size, until the picture is moved. */
  #fitted = false;
  readonly #canvas: HTMLCanvasElement;
  readonly #pointers = new Map<number, Point>();

  constructor(figure: HTMLElement) {
    const [picture, overlay] = figure.querySelectorAll('canvas') as unknown as [HTMLCanvasElement, HTMLCanvasElement];
    this.#canvas = picture;
    this.overlay = overlay;
    this.picture = pictureOn(picture);
    // On an accelerated canvas, a software renderer takes ten times as long for dashed rings. The first call decides.
    overlay.getContext('2d', { willReadFrequently: this.picture.isSoftware });
    this.picture.onRestored = () => this.onChange();
    this.#bind();
    new ResizeObserver(() => (this.#fitted ? this.fit() : this.onChange())).observe(figure);
  }

  /** Sets the panels of a new file, and shows all of them. */
  place(layout: PanelLayout, up: 1 | -1): void {
    this.layout = layout;
    this.viewport.up = up;
    this.picture.place(layout.panels);
    this.fit();
  }

  fit(): void {
    this.#resize();
    this.viewport.fit(this.layout.box, this.inset * devicePixelRatio);
    this.#fitted = true;
    this.onChange();
  }

  /** Shows another part of the plane: its centre, and pixels of the canvas for one of the detector. */
  moveTo(centre: Point, zoom: number): void {
    Object.assign(this.viewport, { centre, zoom });
    this.#moved();
  }

  #moved(): void {
    this.#fitted = false;
    this.onChange();
  }

  /** Sets the zoom to one screen pixel per detector pixel. */
  oneToOne(): void {
    this.viewport.zoom = devicePixelRatio;
    this.#moved();
  }

  zoom(factor: number): void {
    const { width, height } = this.viewport;
    this.viewport.zoomAbout([width / 2, height / 2], factor);
    this.#moved();
  }

  /** Moves the picture by a share of the canvas: to the right, and down. */
  pan(right: number, down: number): void {
    const { width, height } = this.viewport;
    this.viewport.pan(right * width, down * height);
    this.#moved();
  }

  draw(): void {
    this.#resize();
    this.picture.draw(this.viewport);
  }

  /** Picture and overlay as one image, in the size on the screen, with a line of text below. */
  async image(caption: string): Promise<Blob> {
    const { imageOf } = await import('./picture-image.js');
    // The drawing buffer is cleared after the page has been shown, so the picture is drawn and copied in one task.
    this.picture.draw(this.viewport, true);
    return imageOf([this.#canvas, this.overlay], caption);
  }

  #resize(): void {
    fitCanvas(this.overlay);
    fitCanvas(this.#canvas);
    this.viewport.width = this.#canvas.width;
    this.viewport.height = this.#canvas.height;
  }

  #pointOf(event: MouseEvent): Point {
    const { left, top } = this.overlay.getBoundingClientRect();
    return [(event.clientX - left) * devicePixelRatio, (event.clientY - top) * devicePixelRatio];
  }

  #bind(): void {
    const { overlay, viewport } = this;
    overlay.addEventListener(
      'wheel',
      (event) => {
        event.preventDefault();
        // Trackpads send many small steps, wheels a few large ones.
        const notches = Math.max(-3, Math.min(3, -event.deltaY / (event.deltaMode === 0 ? 100 : 3)));
        viewport.zoomAbout(this.#pointOf(event), notch ** notches);
        this.#moved();
      },
      { passive: false },
    );
    overlay.addEventListener('pointerdown', (event) => {
      if (event.pointerType === 'mouse' && event.button !== 0) return;
      overlay.setPointerCapture(event.pointerId);
      this.#pointers.set(event.pointerId, this.#pointOf(event));
      const place = viewport.toPlane(this.#pointOf(event));
      // A finger or a pen does not hover: the place that it presses is read.
      this.onPoint(place);
      this.#held = this.#pointers.size === 1 ? this.grab(place, event) : undefined;
      this.#held?.(place);
    });
    overlay.addEventListener('pointermove', (event) => this.#move(event));
    for (const end of ['pointerup', 'pointercancel', 'lostpointercapture'] as const)
      overlay.addEventListener(end, (event) => {
        // A busy browser leaves out the last moves of a finger: it may be lifted elsewhere than where it was seen last.
        if (end === 'pointerup' && this.#pointers.has(event.pointerId)) this.#move(event);
        this.#pointers.delete(event.pointerId);
        this.#held = undefined;
      });
    // What a finger or a pen has read stays when it is lifted.
    overlay.addEventListener('pointerleave', ({ pointerType }) => {
      if (pointerType === 'mouse') this.onPoint(undefined);
    });
    // A long press reads a pixel; it opens no menu.
    overlay.addEventListener('contextmenu', (event) => {
      if (this.#pointers.size > 0) event.preventDefault();
    });
    overlay.addEventListener('dblclick', () => this.fit());
  }

  #move(event: PointerEvent): void {
    const at = this.#pointOf(event);
    const before = this.#pointers.get(event.pointerId);
    if (before) {
      const other = [...this.#pointers].find(([id]) => id !== event.pointerId)?.[1];
      this.#pointers.set(event.pointerId, at);
      if (!this.#held) this.#fitted = false;
      if (this.#held) this.#held(this.viewport.toPlane(at));
      else if (other) {
        const [was, is] = [distance(before, other), distance(at, other)];
        if (was > 0) this.viewport.zoomAbout([(at[0] + other[0]) / 2, (at[1] + other[1]) / 2], is / was);
      } else this.viewport.pan(at[0] - before[0], at[1] - before[1]);
      this.onChange();
    }
    this.onPoint(this.viewport.toPlane(at));
  }
}

const distance = ([x, y]: Point, [u, v]: Point): number => Math.hypot(x - u, y - v);

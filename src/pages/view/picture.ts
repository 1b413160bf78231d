/** A frame as a picture: what is drawn, by the graphics card or by the processor. */
import type { FrameData, GoodPixels, Limits } from './contrast.js';
import type { PlacedPanel } from './layout.js';
import type { ScaleName } from './shaders.js';
import type { Viewport } from './viewport.js';

/** A colour: red, green and blue, 0 … 1. */
export type Colour = readonly [red: number, green: number, blue: number];

/** A displayed frame. */
export interface ShownFrame extends GoodPixels {
  readonly data: FrameData;
  readonly width: number;
  readonly height: number;
  /** Colours to draw instead of the values, [height, width, 4]. */
  readonly rgba?: Uint8Array | undefined;
}

/** Colours of masked and saturated pixels, which occur in none of the colour maps. */
const badColours: Readonly<Record<'light' | 'dark', Colour>> = {
  light: [0x9e / 255, 0xb8 / 255, 0xd1 / 255],
  // Above a dark background, the mask must not be the brightest part of the picture.
  dark: [0x1c / 255, 0x40 / 255, 0x40 / 255],
};
export const saturatedColour: Colour = [0xd9 / 255, 0x1a / 255, 0x8c / 255];

/**
 * A picture on a canvas. When zoomed out, a screen pixel shows the brightest of the pixels that it covers, so that no
 * spot is lost: windows of as many pixels as neighbouring screen pixels are apart, rounded up, and to the border of the
 * panel where the next screen pixel is outside.
 */
export abstract class Picture {
  limits: Limits = [0, 1];
  scale: ScaleName = 'linear';
  background: Colour = [0.93, 0.93, 0.94];
  /** Called when the graphics driver has taken the context away. */
  onLost: () => void = () => undefined;
  /** Called when a lost context has been restored and the picture has to be redrawn. */
  onRestored: () => void = () => undefined;
  /** Whether the processor draws, as in virtual machines and remote desktops. */
  abstract readonly isSoftware: boolean;
  protected panels: readonly PlacedPanel[] = [];
  /** Number of changes of frame, colours and panels, and what the canvas shows: what has not changed stays as it is. */
  protected version = 0;
  protected drawn = '';
  #frame: ShownFrame | undefined;
  #colours: Uint8Array | undefined;

  get frame(): ShownFrame | undefined {
    return this.#frame;
  }

  /** The table of colours, [256, 3]. */
  get colours(): Uint8Array | undefined {
    return this.#colours;
  }

  /** The colour of masked pixels: pale among colours whose low values are light, dark among the others. */
  get badColour(): Colour {
    const [red = 0, green = 0, blue = 0] = this.#colours ?? [];
    return badColours[red + green + blue > 384 ? 'light' : 'dark'];
  }

  /** Shows no frame. */
  clear(): void {
    this.version++;
    this.#frame = undefined;
  }

  /** Shows a frame and its mask. */
  show(frame: ShownFrame): void {
    this.version++;
    this.#frame = frame;
  }

  /** Sets the table of 256 colours, [256, 3]. */
  colour(colours: Uint8Array): void {
    this.version++;
    this.#colours = colours;
  }

  /** Sets the positions of the panels. */
  place(panels: readonly PlacedPanel[]): void {
    this.version++;
    this.panels = panels;
  }

  /**
   * Draws the part that the viewport shows, unless the canvas shows it already; `anew`: in any case, because the canvas
   * is read next. The canvas has the viewport's size.
   */
  abstract draw(viewport: Viewport, anew?: boolean): void;

  /** Whether the canvas shows something else than what is wanted, which counts as drawn from now on. */
  protected isStale({ centre, zoom, up, width, height }: Viewport): boolean {
    const { limits, scale, background } = this;
    const wanted = [this.version, ...centre, zoom, up, width, height, ...limits, scale, ...background].join();
    const was = this.drawn;
    this.drawn = wanted;
    return wanted !== was;
  }
}

/** Renderers that draw with the processor, by the names that they have in browsers. */
export const softwareNames = /swiftshader|llvmpipe|softpipe|basic render|software/i;

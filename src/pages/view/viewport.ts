/**
 * The part of a plane that a canvas shows. The plane is measured in pixels of the detector. With a geometry, it is the
 * plane of the laboratory, x to the right and y up; without one, it is the image with y down.
 */

/** A point or a step, x and y. */
export type Point = readonly [x: number, y: number];

/** A rectangle of the plane. */
export interface Box {
  readonly minX: number;
  readonly minY: number;
  readonly maxX: number;
  readonly maxY: number;
}

/** Limits of the zoom in screen pixels per detector pixel. */
const [minZoom, maxZoom] = [1 / 64, 128];

export class Viewport {
  /** Point of the plane at the centre of the canvas. */
  centre: Point = [0, 0];
  /** Pixels of the canvas for one pixel of the detector. */
  zoom = 1;
  /** 1: y points up; −1: y points down. */
  up: 1 | -1 = 1;
  /** Size of the canvas in its own pixels. */
  width = 1;
  height = 1;

  toCanvas([x, y]: Point): Point {
    const [cx, cy] = this.centre;
    return [this.width / 2 + (x - cx) * this.zoom, this.height / 2 - this.up * (y - cy) * this.zoom];
  }

  toPlane([x, y]: Point): Point {
    const [cx, cy] = this.centre;
    return [cx + (x - this.width / 2) / this.zoom, cy - (this.up * (y - this.height / 2)) / this.zoom];
  }

  /** Shows a whole box, with a margin; `inset` pixels of the canvas at its right stay free. */
  fit({ minX, minY, maxX, maxY }: Box, inset = 0): void {
    const width = Math.max(1, this.width - inset);
    const zoom = Math.min(width / Math.max(1, maxX - minX), this.height / Math.max(1, maxY - minY));
    this.zoom = clampZoom(0.98 * zoom);
    this.centre = [(minX + maxX) / 2 + inset / 2 / this.zoom, (minY + maxY) / 2];
  }

  /** Zooms by a factor; the point of the plane under `at` (pixels of the canvas) stays where it is. */
  zoomAbout(at: Point, factor: number): void {
    const [x, y] = this.toPlane(at);
    this.zoom = clampZoom(this.zoom * factor);
    const [movedX, movedY] = this.toPlane(at);
    this.centre = [this.centre[0] + x - movedX, this.centre[1] + y - movedY];
  }

  /** Moves the picture by pixels of the canvas. */
  pan(dx: number, dy: number): void {
    this.centre = [this.centre[0] - dx / this.zoom, this.centre[1] + (this.up * dy) / this.zoom];
  }
}

const clampZoom = (zoom: number): number => Math.min(maxZoom, Math.max(minZoom, zoom));

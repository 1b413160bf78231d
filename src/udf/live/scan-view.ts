/** The interface between a run over a scan and a viewer that shows its images. */
import type { LivePicture } from './picture.js';

/** A run over a scan that a viewer shows. */
export interface ViewedScan {
  /** The input, as a title. */
  readonly name: string;
  /** What the run has done so far, each in a few words, such as the number of frames. */
  readonly status?: (() => readonly string[]) | undefined;
}

/** Receives the images of a run over a scan. */
export interface ScanView {
  /** Shows an image in place of the previous one of the same title; a `plots` function of `runUdf`. It never waits. */
  readonly show: (picture: LivePicture) => void;
  /**
   * States the end of the run: complete, or stopped before, and why if not by the user; `files` are those of its
   * results, `notes` what these should be read with.
   */
  end(isWhole: boolean, why?: string, files?: readonly string[], notes?: readonly string[]): void;
}

/** A viewer that shows the images of runs: what `serveView` of `ewald/view` returns. */
export interface ScanViewer {
  scanView(scan: ViewedScan): ScanView;
}

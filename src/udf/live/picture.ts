/** One image to be shown. */
export interface LivePicture {
  readonly title: string;
  readonly height: number;
  readonly width: number;
  /** The numbers, row by row; NaN at positions of the scan that have no result, or none yet. */
  readonly data: ArrayLike<number>;
  /** Unit of its numbers, if it is known. */
  readonly unit?: string | undefined;
  /** Fraction of the scan that is finished. */
  readonly done: number;
  readonly final: boolean;
}

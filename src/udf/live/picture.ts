/** One picture to be shown. */
export interface LivePicture {
  readonly title: string;
  readonly height: number;
  readonly width: number;
  readonly data: ArrayLike<number>;
  /** Fraction of the scan that is done. */
  readonly done: number;
  readonly final: boolean;
}

export interface Law {
  /** What holds, as a sentence. */
  readonly law: string;
  readonly draws: number;
  /** Whether it takes minutes, and is left to the night. */
  readonly isOfNight?: boolean;
}
export function openLaws(folder?: string): Promise<Law[]>;
export function closeLaws(): Promise<void>;

export interface Law {
  /** What holds, as a sentence. */
  readonly law: string;
  readonly draws: number;
}
export function openLaws(folder?: string): Promise<Law[]>;
export function closeLaws(): Promise<void>;

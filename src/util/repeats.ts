/** Lines about many things that failed for the same reason: the first one, and how many followed. */
export class Repeats {
  readonly #print: (line: string) => void;
  readonly #further: (count: number) => string;
  #reason: string | undefined;
  #count = 0;

  /** `further` is the line for a number of things that failed for the reason of the line before. */
  constructor(print: (line: string) => void, further: (count: number) => string) {
    this.#print = print;
    this.#further = further;
  }

  /** Prints the line, or counts it if the one before it had the same reason. */
  add(line: string, reason: string): void {
    if (reason === this.#reason) {
      this.#count++;
      return;
    }
    this.end();
    this.#reason = reason;
    this.#print(line);
  }

  /** Prints how many followed; what comes next starts a new line. */
  end(): void {
    if (this.#count > 0) this.#print(this.#further(this.#count));
    this.#count = 0;
    this.#reason = undefined;
  }
}

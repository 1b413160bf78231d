/** What a detector accepts besides the connection for frames. */

/** Commands of a detector. */
export interface DetectorControl {
  /** The value of a parameter. */
  get(name: string): Promise<string>;
  set(name: string, value: string | number): Promise<void>;
  /** Executes a command, such as STARTACQUISITION. */
  command(name: string): Promise<void>;
}

/** A destination for text: any Writable, or an object with these two methods. */
export interface TextOutput {
  /**
   * Writes text, and calls back when it has been written or could not be.
   *
   * @param text Whole lines.
   * @param callback `written` is how many bytes were written. Default: all, or with an error none. If only a part was
   *   written without an error, the reporter writes the rest again.
   */
  write(text: Uint8Array, callback: (error?: Error | null, written?: number) => void): boolean;
  /** Registers a listener for errors, as every Node stream does. The reporter listens during each write. */
  on(event: 'error', listener: (error: Error) => void): unknown;
  /** Removes the listener after the write. Without this method it stays. */
  off?(event: 'error', listener: (error: Error) => void): unknown;
  /** Whether the memory of the text may be reused after the callback was called. Default: `false`. */
  readonly keepsNothing?: boolean;
  /** Whether it ends inside a line, so that the first text has to begin on a new one. Default: `false`. */
  readonly isCutShort?: boolean;
}

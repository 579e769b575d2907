/** What a path leads to. */
export type EntryKind = 'file' | 'directory' | 'missing' | 'other';

/** Reading of local files, as commands see it; the composition root supplies the disk. */
export interface FileReader {
  /** The kind of entry at `path`, following symbolic links. */
  kindOf(path: string): Promise<EntryKind>;
  /** Names in a directory, sorted. */
  list(path: string): Promise<readonly string[]>;
  /** The file's first `bytesMax` bytes, and one more when there is more. */
  read(path: string, bytesMax: number): Promise<Uint8Array>;
  /** What comes in on standard input, read as {@link read} reads a file. */
  readInput(bytesMax: number): Promise<Uint8Array>;
  /** The absolute form of `path`. */
  resolve(path: string): string;
}

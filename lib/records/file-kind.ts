/** The first three bytes of files that somebody may mistake for the right one, in hexadecimal. */
const KINDS: readonly [bytes: RegExp, kind: string][] = [
  [/^1f8b/, 'a gzip file: decompress it first'],
  [/^28b52f/, 'a zstd file: decompress it first'],
  [/^425a68/, 'a bzip2 file: decompress it first'],
  [/^fd377a/, 'an xz file: decompress it first'],
  [/^504b03/, 'a zip file: unpack it first'],
  [/^7f454c/, 'a program (ELF)'],
  [/^(d4c3b2|a1b2c3|4d3cb2|0a0d0d)/, 'a recording of network packets (pcap), not of a Unix socket'],
  [/^(fffe|feff)/, 'UTF-16 text: convert it with iconv -f UTF-16 -t UTF-8'],
  [/^([2-7][0-9a-f]|0a|09)00/, 'UTF-16 text: convert it with iconv -f UTF-16LE -t UTF-8'],
  [/^00[2-7]/, 'UTF-16 text: convert it with iconv -f UTF-16BE -t UTF-8'],
  [/^89504e/, 'a picture (PNG)'],
  [/^255044/, 'a PDF file'],
];

/** Names a file that is neither a capture nor text, and what to do about it; undefined if the kind is unknown. */
export function binaryKind(head: Uint8Array): string | undefined {
  const hex = Buffer.from(head.subarray(0, 3)).toString('hex');
  return KINDS.find(([bytes]) => bytes.test(hex))?.[1];
}

/** The same for a file that should be a capture. */
export function kindInsteadOfCapture(head: Uint8Array): string | undefined {
  const kind = binaryKind(head);
  if (kind !== undefined) return kind;
  const text = Buffer.from(head)
    .toString('latin1')
    .replace(/^\xef\xbb\xbf/, '')
    .trimStart();
  if (/^[{[]/.test(text)) return 'JSON: send and encode read events as lines of JSON';
  if (text.startsWith('BLR\x01')) return 'a segment of a spool: use spool DIR --export';
  return /^[\x20-\x7e]/.test(text) ? 'text' : undefined;
}

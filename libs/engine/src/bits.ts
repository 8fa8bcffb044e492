const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const values = new Map([...alphabet].map((letter, value) => [letter, value]));

/** Bytes as base64 without padding; pure libraries have no Buffer. */
export function encodeBits(bytes: Uint8Array): string {
  let text = '';
  for (let from = 0; from < bytes.length; from += 3) {
    const [a, b, c] = [bytes[from] ?? 0, bytes[from + 1] ?? 0, bytes[from + 2] ?? 0];
    const word = (a << 16) | (b << 8) | c;
    const letters = [18, 12, 6, 0].map((shift) => alphabet[(word >> shift) & 63] ?? '').join('');
    text += letters.slice(0, Math.min(3, bytes.length - from) + 1);
  }
  return text;
}

export function decodeBits(text: string): Uint8Array {
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  for (let from = 0, at = 0; from < text.length; from += 4, at += 3) {
    const word = [0, 1, 2, 3].reduce((sum, place) => (sum << 6) | (values.get(text[from + place] ?? 'A') ?? 0), 0);
    [16, 8, 0].forEach((shift, place) => {
      if (at + place < bytes.length) bytes[at + place] = (word >> shift) & 255;
    });
  }
  return bytes;
}

import { useState } from 'preact/hooks';

/** Copies a text. @returns whether that was possible. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** How long a button says that it has copied something, in ms. */
const SAID_MS = 2000;

export function CopyButton({ text, label, title }: { text: string; label: string; title?: string }) {
  const [said, say] = useState('');
  const copy = async (event: Event) => {
    event.stopPropagation();
    say((await copyText(text)) ? 'Copied' : 'Select the text to copy it');
    setTimeout(() => say(''), SAID_MS);
  };
  return (
    <button type="button" class="copy" title={title} onClick={copy}>
      {said === '' ? label : said}
    </button>
  );
}

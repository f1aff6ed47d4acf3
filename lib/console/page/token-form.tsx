import { useState } from 'preact/hooks';

/** Asks for the link of the console, which contains the token. */
export function TokenForm({
  isRefused,
  onPaste,
}: {
  isRefused: boolean;
  onPaste: (text: string) => boolean;
}) {
  const [text, setText] = useState('');
  const [hasFailed, fail] = useState(false);
  return (
    <main class="locked">
      <h2>{isRefused ? 'This link no longer works' : 'This page needs the link of the console'}</h2>
      <p>
        <code>serve --console</code> prints the link when it starts, as <code>serving the console</code>. Open
        that link, or paste it here.
      </p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          fail(!onPaste(text));
        }}
      >
        <label>
          Link or token{' '}
          <input
            type="password"
            autocomplete="off"
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </label>
        <button type="submit">Open</button>
      </form>
      {hasFailed && <p role="alert">That text does not contain a token, which has 43 characters.</p>}
    </main>
  );
}

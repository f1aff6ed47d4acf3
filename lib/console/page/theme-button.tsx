import { useEffect, useState } from 'preact/hooks';

const THEMES = ['auto', 'light', 'dark'] as const;
const KEY = 'theme';

/** Chooses between light, dark, and what the system prefers. */
export function ThemeButton() {
  const [theme, setTheme] = useState(
    () => THEMES.find((name) => name === localStorage.getItem(KEY)) ?? 'auto',
  );
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
    localStorage.setItem(KEY, theme);
    dispatchEvent(new Event('themechange'));
  }, [theme]);
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'auto';
  return (
    <button type="button" aria-label={`Theme: ${theme}. Change to ${next}.`} onClick={() => setTheme(next)}>
      Theme: {theme}
    </button>
  );
}

// The most expensive frames for a redaction that searches have found, as recipes.

/** @type {readonly { name: string, recipe: import('./recipe.js').Recipe }[]} */
export const WORST_URLS = [];

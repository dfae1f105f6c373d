/** A migration's text, put into the bundle by Vite (`?raw`). The default export is Vite's form, not ours. */
declare module '*.sql?raw' {
  const text: string
  export default text
}

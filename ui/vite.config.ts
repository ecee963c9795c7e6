import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The API a page under development talks to; the built page is served by that same server.
const api = process.env.VITE_API ?? "http://127.0.0.1:5080";

export default defineConfig({
  base: "/",
  plugins: [react()],
  build: {
    outDir: "../src/spanjudge/web",
    emptyOutDir: true,
    // The content security policy allows no `data:` script or style, and an inlined asset would be one.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2023",
    reportCompressedSize: true,
  },
  server: { proxy: { "/api": api } },
});

import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode, Suspense } from "react";
import { createRoot } from "react-dom/client";
import { BrowserRouter } from "react-router";
import { queries } from "./api/queries";
import { App, firstPage } from "./app";
import "./design/index.css";
import { sessionQuery } from "./state/session";

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no element with the id root");

// Who is about to sign in is asked nothing: the answer would be an error in the browser's console.
const signingIn = window.location.pathname === "/sign-in";
await Promise.all([firstPage, signingIn || queries.prefetchQuery(sessionQuery)]);

// Without transitions what is shown follows the address at once: the second of two quick keys finds what the first did.
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <BrowserRouter useTransitions={false}>
        <Suspense fallback={null}>
          <App />
        </Suspense>
      </BrowserRouter>
    </QueryClientProvider>
  </StrictMode>,
);

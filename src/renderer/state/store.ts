import { create } from 'zustand'
import type { AppError } from '../../contract/result.ts'
import { emptyModel, type Model } from './model.ts'

export interface StoreState {
  readonly model: Model
  /** The first snapshot has arrived. */
  readonly ready: boolean
  /** Why no snapshot could be had. */
  readonly fault: AppError | null
}

/** What the core said. Written by connect.ts and by the reader of message pages, by nobody else. */
export const useStore = create<StoreState>()(() => ({ model: emptyModel, ready: false, fault: null }))

/** A part of the model; the selector must return something stable (a slice, not a new list). */
export function useModel<T>(select: (model: Model) => T): T {
  return useStore((state) => select(state.model))
}

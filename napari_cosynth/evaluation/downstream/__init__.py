"""Do made tiles help a segmenter that is trained anew on a few real ones?"""

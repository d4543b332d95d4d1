"""A recurrent net over the chords of a song, or over tokens: LSTM, dropout, softmax.

    x[i] = sum over columns c of E_c[id_c[i]] + sum over contexts s of E_s[id_s]
    h[i] = dropout(LSTM(... dropout(LSTM(x))))[i]                 (Hochreiter and Schmidhuber, 1997)
    p(next chord | steps up to i) = softmax(W h[i] + b)

By default there are two layers of 128 units, each with a dropout of 0.3. Length and bass of the
next chord are predicted from h[i] and the chord, as in the transformer but never copied.
"""

from torch import Tensor, nn

from muse.models.chord_lstm.config import ChordLstmConfig
from muse.models.chord_nets.batch import ChordBatch
from muse.models.chord_nets.heads import DetailHead, Predicted, Tables, shift_left


class ChordLstm(nn.Module):
    """The net of the formula above."""

    def __init__(self, config: ChordLstmConfig) -> None:
        """Start with random weights."""
        super().__init__()
        self.config = config
        width, between = config.width, config.dropout if config.layers > 1 else 0.0
        self.tables = Tables(config.columns, config.contexts, width)
        self.lstm = nn.LSTM(width, width, config.layers, batch_first=True, dropout=between)
        self.dropout = nn.Dropout(config.dropout)
        self.chords = nn.Linear(width, config.chords)
        if config.lengths:
            self.length = DetailHead(config.lengths, width, config.dropout, False)
            self.bass = DetailHead(config.columns["bass"], width, config.dropout, False)

    def forward(self, batch: ChordBatch) -> Predicted:
        """Predict the chord or token after each step."""
        state = self.dropout(self.lstm(self.tables.embed(batch))[0])
        return Predicted(self.chords(state).float().log_softmax(-1), state, None)

    def details(
        self, predicted: Predicted, batch: ChordBatch, chosen: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Predict length and bass of the next chord, given the chord.

        Args:
            predicted: result of `forward` for the batch.
            batch: the steps.
            chosen: (batch, steps) the chord after each step.

        Returns:
            Log probabilities, (batch, steps, lengths) and (batch, steps, basses).

        Raises:
            ValueError: the net reads tokens, which have neither.
        """
        if not self.config.lengths:
            raise ValueError("the net's tokens have no length and no bass")
        embedded, columns = self.tables["chord"](chosen), batch.columns
        return (
            self.length(predicted.state, embedded, None, shift_left(columns["length"])),
            self.bass(predicted.state, embedded, None, shift_left(columns["bass"])),
        )

namespace Recognizer.Inference.Evaluation;

/// <summary>Figures of one class.</summary>
/// <param name="Label">Text of the class.</param>
/// <param name="Precision">Right answers among all answers with this label; 0 where there are none.</param>
/// <param name="Recall">Right answers among all rows of this class; 0 where there are none.</param>
/// <param name="F1">2 · precision · recall / (precision + recall); 0 where both are 0.</param>
/// <param name="Support">Rows of this class.</param>
/// <param name="LogLoss">Mean log-loss of the rows of this class, in nats; 0 where there are none.</param>
public sealed record ClassMetrics(string Label, double Precision, double Recall, double F1, long Support, double LogLoss);
